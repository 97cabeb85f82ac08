"""Run the real stream beside a demo or a bench, as a process of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from include.errors import StreamFailedError
from include.settings import PROJECT_ROOT, Settings, environment_of
from include.stream.submit import APPLICATION, spark_environment, submit_command

STOP_TIMEOUT_SECONDS = 30


def running_stream(
    settings: Settings, log: Path, *, drain: bool = False, application: str = APPLICATION
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run the stream with its output in `log`; it is stopped at the end."""
    environment = {**environment_of(settings), **spark_environment(settings), "LOG_FORMAT": "json"}
    return running_process(submit_command(settings, drain=drain, application=application), environment, log)


@contextmanager
def running_process(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in the project's root with its output in `log`; it is stopped at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def require_alive(process: subprocess.Popen[bytes], log: Path) -> None:
    """Raise StreamFailedError with the stream's last words if it has ended."""
    if process.poll() is not None:
        last = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
        raise StreamFailedError(f"the stream ended with code {process.returncode}: {last}")
