"""What the whole stack takes while the stream runs and nothing is sent."""

import time

from include.errors import StreamFailedError
from include.live.overview import read_overview
from include.settings import Settings
from stack import run as stack
from stack.types import PartState
from tools.bench.figures import Figures
from tools.bench.processes import family_seconds
from tools.workflows import wait_for

START_TIMEOUT_SECONDS = 180
REST_SECONDS = 60
BYTES_PER_GIB = 1024**3


def measure_idle(settings: Settings, figures: Figures, *, seconds: float) -> None:
    """Start the stack with Airflow, let it come to rest, and take what it uses from then on.

    Its checks run each minute: `seconds` should be some minutes.
    """
    stack.up(settings)
    wait_for(lambda: _is_streaming(settings), "the stream", timeout_seconds=START_TIMEOUT_SECONDS)
    time.sleep(REST_SECONDS)
    before, began_at = _cpu_seconds(stack.status(settings)), time.monotonic()
    time.sleep(seconds)
    parts = stack.status(settings)
    took = time.monotonic() - began_at
    if not _is_streaming(settings):
        raise StreamFailedError(
            "the stream did not run all the while: what the stack takes without it says little"
        )
    after = _cpu_seconds(parts)
    memory = {part.name: (part.memory_bytes or 0) / BYTES_PER_GIB for part in parts}
    for name, ended in after.items():
        figures.note("idle", name, "cores", (ended - before.get(name, 0.0)) / took)
        figures.note("idle", name, "GiB", memory[name])
    figures.note("idle", "all", "cores", (sum(after.values()) - sum(before.values())) / took)
    figures.note("idle", "all", "GiB", sum(memory.values()))


def _is_streaming(settings: Settings) -> bool:
    stream = read_overview(settings).stream
    return stream is not None and stream.state == "running"


def _cpu_seconds(parts: list[PartState]) -> dict[str, float]:
    return {part.name: family_seconds(part.pid) for part in parts if part.pid}
