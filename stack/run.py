"""The stack's public verbs: up, down, restart, status, logs and clean."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from include.errors import PermanentError, SettingsError
from include.places import Place
from include.settings import Settings
from stack.deletion import delete_stack
from stack.locks import folder_lock
from stack.logs import LogMark, follow, last_lines
from stack.parts import parts_of, stages_of
from stack.ports import require_free
from stack.supervisor import Supervisor
from stack.types import Part, PartState

BUSY_WAIT_SECONDS = 120

Report = Callable[[str], None]


def up(settings: Settings, report: Report = lambda _: None) -> list[PartState]:
    """Start what does not run, and return when everything answers. What runs already is left as it is.

    1. What a killed part left running is ended.  2. Nothing is started while a port is taken.  3. Stage after stage,
    the parts start side by side and are waited for. When one fails, those that this call started are stopped again.
    """
    stages, supervisor = stages_of(settings), _supervisor(settings)
    parts = [part for stage in stages for part in stage]
    with _exclusive(settings):
        for part in parts:
            supervisor.require_same_address(part)
        idle = [part for part in parts if not supervisor.is_running(part)]
        for part in idle:
            supervisor.end_leftovers(part)
        for claim in [claim for part in idle for claim in part.claims()]:
            require_free(claim)
        began_at = time.monotonic()
        states = []
        try:
            for stage in stages:
                for part, state in _bring_up(supervisor, stage, idle, report):
                    seconds = time.monotonic() - began_at
                    how = f"ready after {seconds:.1f} s" if part in idle else "already running"
                    report(f"{part.name}: {how}, port {part.claims()[0].port}")
                    states.append(state)
        except BaseException:
            for part in reversed(idle):
                supervisor.stop(part)
            raise
        return states


def restart(
    settings: Settings, report: Report = lambda _: None, *, part: str | None = None
) -> list[PartState]:
    """Stop one part, or all, and start what does not run."""
    down(settings, report, part=part)
    return up(settings, report)


def down(settings: Settings, report: Report = lambda _: None, *, part: str | None = None) -> None:
    """Stop what runs, or one part of it; the data stay. Nothing running is not an error."""
    chosen = _chosen(settings, part)
    if not settings.stack.dir.exists():
        return
    with _exclusive(settings):
        _stop(settings, chosen, report)


def status(settings: Settings) -> list[PartState]:
    """Return the state of each part that is wanted or runs all the same; the servers themselves are asked."""
    supervisor = _supervisor(settings)
    wanted = {part.name for stage in stages_of(settings) for part in stage}
    states = [supervisor.state_of(part) for part in parts_of(settings)]
    return [state for state in states if state.name in wanted or state.pid]


def logs(
    settings: Settings, *, part: str | None, line_count: int, is_followed: bool
) -> Iterator[tuple[str, str]]:
    """Yield (file name, line): the end of each log, then, when followed, what is written from now on."""
    mark = LogMark.now(tuple(file for chosen in _chosen(settings, part) for file in chosen.log_files))
    for file, _ in mark.sizes:
        yield from ((file.name, line) for line in last_lines(file, line_count))
    if is_followed:
        yield from ((file.name, line) for file, line in follow(mark))


def clean(settings: Settings, report: Report = lambda _: None) -> None:
    """Stop the stack and delete all its data; what it has not made stays, and is named."""
    if settings.stack.dir.exists():
        # Not let go in between: a start that waits would find its folder vanish.
        with _exclusive(settings):
            _stop(settings, parts_of(settings), report)
            left = delete_stack(settings)
        for path in left:
            report(f"left {path}, which is not the stack's own")
    report(f"deleted the stack in {settings.stack.dir}")


def _stop(settings: Settings, parts: Sequence[Part], report: Report) -> None:
    supervisor = _supervisor(settings)
    for part in reversed(parts):
        was_running = supervisor.stop(part)
        report(f"{part.name}: {'stopped' if was_running else 'was not running'}")


def _supervisor(settings: Settings) -> Supervisor:
    return Supervisor(settings.stack.at(Place.RUN))


@contextmanager
def _exclusive(settings: Settings) -> Iterator[None]:
    """Keep other commands away from this stack, and turn what the disk refuses into one line."""
    try:
        with folder_lock(settings.stack.dir, wait_seconds=BUSY_WAIT_SECONDS):
            yield
    except OSError as error:
        where = error.filename or settings.stack.dir
        raise PermanentError(
            f"the stack's folder cannot be used: {where}: {os.strerror(error.errno or 0)}; "
            "free space or correct its rights, or set STACK_DIR to another folder"
        ) from error


def _bring_up(
    supervisor: Supervisor, stage: Sequence[Part], idle: Sequence[Part], report: Report
) -> Iterator[tuple[Part, PartState]]:
    """Start the stage's idle parts side by side; yield each that is ready, and its state as it was found then."""
    marks = {}
    for part in [part for part in stage if part in idle]:
        report(f"{part.name}: starting, which usually takes {part.usual_start_seconds:.0f} s")
        marks[part.name] = supervisor.start(part)
    for part in stage:
        yield part, supervisor.await_ready(part, marks.get(part.name, LogMark.now(part.log_files)))


def _chosen(settings: Settings, name: str | None) -> list[Part]:
    parts = parts_of(settings)
    chosen = [part for part in parts if name in (None, part.name)]
    if not chosen:
        known = ", ".join(part.name for part in parts)
        raise SettingsError(f"there is no part named {name}: choose one of {known}")
    return chosen
