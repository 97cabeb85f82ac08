"""One process of several: reads its job from standard input, tells on standard output how it goes."""

import gc
import json
import os
import signal
import sys
import threading
from typing import Any

from include.errors import HeartbeatError
from include.settings import get_settings
from producer.job import Reporter, run_job
from producer.tally import Tally
from producer.workers import JOB, TALLY

# Unacknowledged records are many live objects that are no garbage: with Python's own threshold the collector
# takes a sixth of the time (measured).
GC_THRESHOLD = 100_000
_STANDARD_INPUT = 0


class _LineReporter(Reporter):
    """Writes each report as one line of JSON."""

    def update(self, tally: Tally) -> None:
        _tell({"tally": TALLY.dump_python(tally, mode="json")})

    def waiting(self, seconds: float, pending: int) -> None:
        _tell({"waiting": [seconds, pending]})


def main() -> int:
    """Do the job that stands in the first line; stop when standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(GC_THRESHOLD)
    job = JOB.validate_json(sys.stdin.buffer.readline())
    stop = threading.Event()
    threading.Thread(target=_stop_at_end_of_input, args=(stop,), daemon=True).start()
    try:
        run_job(job, get_settings(), stop=stop, reporter=_LineReporter())
    except HeartbeatError as error:
        _tell({"error": str(error)})
        return error.exit_code
    return 0


def _stop_at_end_of_input(stop: threading.Event) -> None:
    # Not through sys.stdin: its lock would still be held when the interpreter ends.
    while os.read(_STANDARD_INPUT, 1):
        pass
    stop.set()


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
