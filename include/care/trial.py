"""Try records one at a time in a separate process, which a record may kill.

The parent starts `python -m include.care.trial`, sends it the launch and then records, one line of JSON each, and reads
back a numbered line for each that the process survived. The process judges a record and stores it in a transaction that
it rolls back; only then does the parent store it for good.
"""

import base64
import json
import os
import subprocess
import sys
import threading
from typing import Any, TextIO

from include.errors import TrialUnavailableError
from include.log import configure_logging
from include.settings import PROJECT_ROOT, get_settings
from include.sink.gathering import Gathering
from include.sink.store import Sink, try_out
from include.sink.worker import Worker, limit_memory
from include.stream.types import Launch

TRIAL_SECONDS = 60.0
_PROGRAM = ("-m", "include.care.trial")


class Trial:
    """A process that tries records of one launch; if it dies, the next record gets a new one."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._process: _Process | None = None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
        self._process = None

    def problem_with(self, record: Gathering) -> str | None:
        """Try a gathering of one record; return None if the process survives, else what happened to it.

        An ordinary error does not count: the record is then stored in the usual way, which can deal with errors. Raise
        TrialUnavailableError if there is no process to try it: that says nothing of the record.
        """
        value = record.values[0]
        order = {
            "record_time_us": int(record.record_times_us[0]),
            "value": None if value is None else base64.b64encode(value).decode(),
        }
        process = self._process = self._process or self._begin()
        has_answered = process.ask(json.dumps(order))
        if has_answered and not process.is_overdue:
            return None
        self._process = None
        signal = -process.wait()
        if has_answered:
            return None
        if process.is_overdue:
            return f"a process that tried it was not done after {TRIAL_SECONDS:.0f} s"
        return f"a process that tried it was ended by signal {signal}" if signal > 0 else None

    def _begin(self) -> "_Process":
        try:
            process = _Process()
        except OSError as error:  # no memory, or no process to be had
            raise TrialUnavailableError(reason=error.strerror) from None
        if process.ask(self._launch.to_json()) and not process.is_overdue:
            return process
        raise TrialUnavailableError(reason=f"exit code {process.wait()}")


class _Process:
    """The process, as its parent sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *_PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT_ROOT,
        )
        self._asked = 0
        self.is_overdue = False

    def ask(self, line: str) -> bool:
        """Send a line and return whether the process has answered it; one that takes too long is killed."""
        self._asked += 1
        overdue = threading.Timer(TRIAL_SECONDS, self._process.kill)
        overdue.start()
        try:
            return self._has_answered(line)
        finally:
            self.is_overdue = not overdue.is_alive()
            overdue.cancel()

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def wait(self) -> int:
        """Return the exit code of a process that no longer answers."""
        try:
            self._process.wait(TRIAL_SECONDS)
        except subprocess.TimeoutExpired:
            self.is_overdue = True
        self.kill()
        return self._process.returncode

    def _has_answered(self, line: str) -> bool:
        stdin, answers = self._process.stdin, self._process.stdout
        assert stdin is not None and answers is not None  # noqa: S101, PT018 - pipes, as they were asked for
        try:
            stdin.write(line.encode() + b"\n")
            stdin.flush()
        except OSError:  # it ended while it was written to
            return False
        # Whatever else it says is no answer.
        return any(answer.split()[:1] == [b"%d" % self._asked] for answer in answers)


def main() -> None:
    """Try the records on standard input until it ends."""
    answers = _take_standard_output()
    settings = get_settings()
    configure_logging(log_format=settings.log.format, level=settings.log.level)
    launch = Launch.from_json(sys.stdin.readline())
    limit_memory(settings.stream.worker_memory_mb)
    sink = Sink(launch, {}, Worker(settings).database(launch.epoch), lambda: None)
    _answer(answers, 1, "ready")
    for number, line in enumerate(sys.stdin, 2):
        _answer(answers, number, _try(json.loads(line), sink))


def _take_standard_output() -> TextIO:
    """Keep standard output for the answers alone: what a library says there goes to standard error from now on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _try(order: dict[str, Any], sink: Sink) -> str:
    value = None if order["value"] is None else base64.b64decode(order["value"])
    try:
        try_out(value, order["record_time_us"], sink)
    except Exception as error:  # the parent runs into the same error, and reports it
        return type(error).__name__
    return "borne"


def _answer(answers: TextIO, number: int, word: str) -> None:
    answers.write(f"{number} {word}\n")
    answers.flush()


if __name__ == "__main__":
    main()
