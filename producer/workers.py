"""Several processes for one run: each does its job in `producer.worker`, and tells by lines of JSON how it
goes.

Plain child processes instead of `multiprocessing`: they start the same way from a terminal, from Airflow and
from a test. A child stops when its standard input closes, so it ends with its parent, however that ends.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from queue import Empty, Queue
from typing import IO, Any, cast

from pydantic import TypeAdapter

from include.errors import SimulatorFailedError
from include.settings import PROJECT_ROOT, Settings, environment_of
from producer.job import Job, Reporter
from producer.tally import Tally

JOB = TypeAdapter(Job)
TALLY = TypeAdapter(Tally)

_STOP_LOOK_SECONDS = 0.2

# A worker's message with its number; None is the end of its output.
_Message = tuple[int, bytes | None]


@dataclass(frozen=True, slots=True)
class _Worker:
    """A child process and its two pipes."""

    process: subprocess.Popen[bytes]
    input: IO[bytes]
    output: IO[bytes]


def run_workers(
    jobs: Sequence[Job], settings: Settings, *, stop: threading.Event, reporter: Reporter
) -> Tally:
    """Do the jobs side by side and return their sum; raise SimulatorFailedError where one of them fails."""
    messages: Queue[_Message] = Queue()
    workers = [_start(job, settings) for job in jobs]
    readers = [
        threading.Thread(target=_read, args=(index, worker.output, messages), daemon=True)
        for index, worker in enumerate(workers)
    ]
    for reader in readers:
        reader.start()
    try:
        return _Crew(workers, messages, reporter).follow(stop)
    finally:
        _ask_to_stop(workers)
        for worker, reader in zip(workers, readers, strict=True):
            worker.process.wait()
            reader.join()
            worker.output.close()


def _start(job: Job, settings: Settings) -> _Worker:
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "producer.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment_of(settings), "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then stops the others in order
    )
    worker = _Worker(process, cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout))
    with suppress(BrokenPipeError):  # a worker that ended at once is noticed by its exit code
        worker.input.write(JOB.dump_json(job) + b"\n")
        worker.input.flush()
    return worker


def _read(index: int, output: IO[bytes], messages: "Queue[_Message]") -> None:
    for line in output:
        messages.put((index, line))
    messages.put((index, None))


def _ask_to_stop(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        with suppress(BrokenPipeError):
            worker.input.close()


class _Crew:
    """What the workers have told so far."""

    def __init__(self, workers: Sequence[_Worker], messages: "Queue[_Message]", reporter: Reporter) -> None:
        self._workers = workers
        self._messages = messages
        self._reporter = reporter
        self._tallies = [Tally() for _ in workers]
        self._failures: dict[int, str] = {}
        self._running = set(range(len(workers)))

    def follow(self, stop: threading.Event) -> Tally:
        """Listen until all have ended; when one fails, the others are stopped."""
        while self._running:
            if stop.is_set() or self._failures:
                _ask_to_stop(self._workers)
            with suppress(Empty):
                index, line = self._messages.get(timeout=_STOP_LOOK_SECONDS)
                self._note_end(index) if line is None else self._note(index, json.loads(line))
        if self._failures:
            shard, reason = min(self._failures.items())
            raise SimulatorFailedError(process=shard + 1, reason=reason)
        return reduce(Tally.plus, self._tallies)

    def _note(self, index: int, message: dict[str, Any]) -> None:
        if "error" in message:
            self._failures[index] = message["error"]
        elif "waiting" in message:
            self._reporter.waiting(*message["waiting"])
        else:
            self._tallies[index] = TALLY.validate_python(message["tally"])
            self._reporter.update(reduce(Tally.plus, self._tallies))

    def _note_end(self, index: int) -> None:
        self._running.discard(index)
        exit_code = self._workers[index].process.wait()
        if exit_code != 0:
            self._failures.setdefault(index, f"it ended with code {exit_code}")
