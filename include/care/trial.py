"""Try records one at a time in a separate process, which a record may kill.

The parent starts `python -m include.care.trial`, sends it the launch and then records, one line of JSON each, and reads
back a line for each record that the process survived. The process judges a record and stores it in a transaction that
it rolls back; only then does the parent store it for good.
"""

import base64
import json
import subprocess
import sys
import threading

from include.settings import PROJECT_ROOT, get_settings
from include.sink.gathering import Gathering
from include.sink.store import Sink, try_out
from include.sink.worker import Worker, limit_memory
from include.stream.types import Launch

TRIAL_SECONDS = 60.0


class Trial:
    """A process that tries records of one launch; if it dies, the next record gets a new one."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def problem_with(self, record: Gathering) -> str | None:
        """Try a gathering of one record; return None if the process survives, else what happened to it.

        An ordinary error does not count: the record is then stored in the usual way, which can deal with errors.
        """
        value = record.values[0]
        order = {
            "record_time_us": int(record.record_times_us[0]),
            "value": None if value is None else base64.b64encode(value).decode(),
        }
        process = self._running()
        overdue = threading.Timer(TRIAL_SECONDS, process.kill)
        overdue.start()
        try:
            answer = _ask(process, json.dumps(order))
        finally:
            is_overdue = not overdue.is_alive()
            overdue.cancel()
        if answer:
            return None
        self._process = None
        signal = -process.wait()
        if is_overdue:
            return f"a process that tried it was not done after {TRIAL_SECONDS:.0f} s"
        return f"a process that tried it was ended by signal {signal}" if signal > 0 else None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "include.care.trial"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=PROJECT_ROOT,
            )
            _ask(self._process, self._launch.to_json())
        return self._process


def main() -> None:
    """Try the records on standard input until it ends."""
    launch = Launch.from_json(sys.stdin.readline())
    settings = get_settings()
    limit_memory(settings.stream.worker_memory_mb)
    sink = Sink(launch, {}, Worker(settings).database(launch.epoch), lambda: None)
    _answer("ready")
    for line in sys.stdin:
        order = json.loads(line)
        value = None if order["value"] is None else base64.b64decode(order["value"])
        try:
            try_out(value, order["record_time_us"], sink)
        except Exception as error:  # the parent runs into the same error, and reports it
            _answer(type(error).__name__)
        else:
            _answer("borne")


def _ask(process: subprocess.Popen[bytes], line: str) -> bytes:
    """Return the answer to a line; nothing if the process has ended."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes, as they were asked for
    try:
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()
        return process.stdout.readline()
    except OSError:  # it ended while it was written to
        return b""


def _answer(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
