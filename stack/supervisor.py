"""Start, watch and stop parts, whatever they are; each that runs has a record in the stack's `run` folder."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from include.errors import HeartbeatError, PartFailedError, PermanentError
from stack import processes
from stack.logs import FAILURE_TAIL_LINES, LogMark, rotate, telling_line
from stack.marks import MARK_KEY, end_marked
from stack.processes import ProcessRecord
from stack.types import Part, PartState, RunState

POLL_SECONDS = 0.1
LEFTOVER_PATIENCE_SECONDS = 5.0


class Supervisor:
    """Controls the processes of one stack."""

    def __init__(self, run_folder: Path) -> None:
        self._run_folder = run_folder

    def is_running(self, part: Part) -> bool:
        """Tell whether the part's process runs, whether or not it answers."""
        return self._record_of(part) is not None

    def require_same_address(self, part: Part) -> None:
        """Raise PermanentError when the part runs, but where an earlier setting said."""
        record, claim = self._record_of(part), part.claims()[0]
        if record and record.address != claim.address:
            raise PermanentError(
                f"{part.name} still runs on {record.address}, but {claim.setting} now means {claim.address}: "
                "run 'make down', then 'make up'"
            )

    def start(self, part: Part) -> LogMark:
        """Start the part's process and return at once, with where its logs ended before."""
        for log_file in part.log_files:
            log_file.parent.mkdir(parents=True, exist_ok=True)
            rotate(log_file)
        self._run_folder.mkdir(parents=True, exist_ok=True)
        launch = part.prepare()
        launch = replace(launch, environment={**launch.environment, MARK_KEY: self._mark_of(part)})
        mark = LogMark.now(part.log_files)
        processes.save_record(self._record_file(part), processes.spawn(launch, part.claims()[0].address))
        return mark

    def await_ready(self, part: Part, mark: LogMark) -> PartState:
        """Wait until the part answers and return its state; raise PartFailedError with the end of its log otherwise.

        It is not asked again for its state: on a busy machine the second answer could be late, and what has just become
        ready would be shown as unready.
        """
        deadline = time.monotonic() + part.ready_timeout_seconds
        while not part.is_ready():
            if not self.is_running(part):
                raise _failure(part, mark, telling_line(mark.lines_since()) or "it ended at once")
            if time.monotonic() >= deadline:
                raise _failure(part, mark, f"no answer within {part.ready_timeout_seconds:.0f} s")
            time.sleep(POLL_SECONDS)
        part.settle()
        return self._state(part, lambda: "running")

    def stop(self, part: Part) -> bool:
        """End the part's process and all that it started; tell whether anything ran."""
        record = self._record_of(part)
        if record and not processes.end(record, part.stop_steps):
            raise PermanentError(f"{part.name} (pid {record.pid}) does not end: kill it by hand")
        leftover_count = self.end_leftovers(part)
        self._record_file(part).unlink(missing_ok=True)
        return record is not None or leftover_count > 0

    def end_leftovers(self, part: Part) -> int:
        """End what the part started and did not take along when it was killed; return how many processes."""
        return end_marked(self._mark_of(part), patience_seconds=LEFTOVER_PATIENCE_SECONDS)

    def state_of(self, part: Part) -> PartState:
        """Return what is known about the part now; it is asked itself."""
        return self._state(part, lambda: _run_state(part))

    def _state(self, part: Part, run_state: Callable[[], RunState]) -> PartState:
        port = part.claims()[0].port
        record = self._record_of(part)
        if record is None:
            return PartState(part.name, "stopped", port, part.folder)
        return PartState(
            name=part.name,
            state=run_state(),
            port=port,
            folder=part.folder,
            pid=record.pid,
            memory_bytes=processes.memory_bytes(record.pid),
            since=processes.started_at(record.pid),
        )

    def _record_of(self, part: Part) -> ProcessRecord | None:
        return processes.load_record(self._record_file(part))

    def _mark_of(self, part: Part) -> str:
        return str(self._record_file(part))

    def _record_file(self, part: Part) -> Path:
        return self._run_folder / f"{part.name}.json"


def _run_state(part: Part) -> RunState:
    try:
        return "running" if part.is_ready() else "unready"
    except HeartbeatError:
        return "unready"


def _failure(part: Part, mark: LogMark, reason: str) -> PartFailedError:
    tail = tuple(mark.lines_since()[-FAILURE_TAIL_LINES:])
    return PartFailedError(part=part.name, reason=reason, log_file=str(part.log_files[0]), log_tail=tail)
