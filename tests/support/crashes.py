"""Do something again and again, and each time let whoever does it come to grief at another statement."""

import threading
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import pytest

from include.errors import TransientError
from include.settings import Settings, environment_of
from include.turn import task
from tests.support.database_proxy import DatabaseProxy, Point, When
from tests.support.pipeline import Pipeline
from tests.support.statements import is_reading
from tests.support.waiting import wait_until

# How often these are repeated depends on how long the rest takes.
_BY_THE_CLOCK = ("stream/read_sign",)
# Great Expectations, which only reads, in no order, and decides in each run anew what it asks in one statement.
_JUDGE = "heartbeat-quality"
_WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


class Script(Protocol):
    """Something that the product does in several statements, and what must be true once it is done."""

    pipeline: Pipeline
    # If not empty, only these statements are tried: the others are in another script, too.
    tried: frozenset[str]
    # Whether a second one may wait for a first that neither goes on nor ends; else it has to do its work at once.
    may_wait: bool

    def prepare(self) -> None:
        """Give the next run something to do."""

    def run(self, settings: Settings) -> None:
        """Do it, as one process would; raise TransientError where the next run has to."""

    def check(self) -> None:
        """Assert that all was done, and nothing twice."""


def surrounded(pipeline: Pipeline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Return the pipeline with a folder of its own; processes that are started find the same settings.

    A task that loses its session tries again at once.
    """
    own = Pipeline(pipeline.settings.having(stack_dir=folder))
    monkeypatch.setattr(task, "RETRY_SECONDS", 0.01)
    for key, value in environment_of(own.settings).items():
        monkeypatch.setenv(key, value)
    return own


def record(script: Script) -> list[Point]:
    """Do it undisturbed, for the second time; return each statement that is tried."""
    script.prepare()
    script.run(script.pipeline.settings)
    script.prepare()
    with closing(_proxy(script)) as proxy:
        script.run(_through(script, proxy))
        points = list(proxy.arrived)
    script.check()
    return [point for point in points if _is_tried(point, script)]


def _is_tried(point: Point, script: Script) -> bool:
    if point.session == _JUDGE and (point.number > 1 or is_reading(point.statement)):
        return False
    if point.number > 1 and point.statement in _BY_THE_CLOCK:
        return False
    return not script.tried or point.statement in script.tried


def essential(points: Iterable[Point]) -> list[Point]:
    """Leave out the statements before which the server stands as it does before the next one that is kept.

    These are the ones that only read, and those within a transaction, of which nothing stays but by its commit.
    """
    kept, busy = [], set[str]()
    for point in points:
        word = point.statement.split()[0]
        if word == "BEGIN":
            busy.add(point.session)
        elif word in ("COMMIT", "ROLLBACK"):
            busy.discard(point.session)
        if point.session not in busy and not is_reading(point.statement):
            kept.append(point)
    return kept


def die_at_each(script: Script, points: Iterable[Point]) -> None:
    """Let the process die before each statement, and after the last one; another one does it then."""
    points = list(points)
    for point, when in [*((point, When.BEFORE) for point in points), (points[-1], When.AFTER)]:
        script.prepare()
        with closing(_proxy(script)) as proxy:
            has_come = proxy.die_at(point, when)
            _break_off(script, proxy)
        _go_on(script, f"died {when.value} {point}", has_come)


def lose_each_answer(script: Script, points: Iterable[Point]) -> None:
    """Let the server carry out each statement and the session end before that is known; the process lives on."""
    for point in points:
        script.prepare()
        with closing(_proxy(script)) as proxy:
            has_come = proxy.lose_connection_at(point, When.AFTER)
            _break_off(script, proxy)
        _go_on(script, f"lost the answer to {point}", has_come)


def overtake_at_each(script: Script, points: Iterable[Point]) -> None:
    """Let the process hang before each statement while another does all of it; then the first goes on."""
    for point in points:
        script.prepare()
        with closing(_proxy(script)) as proxy:
            with proxy.holding_at(point) as has_come:
                first = _in_thread(lambda: _break_off(script, proxy))
                assert has_come.wait(60), f"never came to {point}"
                second = _in_thread(lambda: _run_once(script))
                wait_until(
                    lambda: (second.is_alive(), script.pipeline.rows(_WAITING)[0][0]),  # noqa: B023
                    lambda seen: not seen[0] or (script.may_wait and seen[1] > 0),
                    interval_seconds=0.02,
                )
            first.join()
            second.join()
        _go_on(script, f"was overtaken at {point}", has_come)


def _proxy(script: Script) -> DatabaseProxy:
    return DatabaseProxy(script.pipeline.settings.db.host, script.pipeline.settings.db.port)


def _through(script: Script, proxy: DatabaseProxy) -> Settings:
    return script.pipeline.settings.having(db_host="127.0.0.1", db_port=proxy.port, stream_db_wait_seconds=0)


def _break_off(script: Script, proxy: DatabaseProxy) -> None:
    with suppress(Exception):  # whatever it says at its end
        script.run(_through(script, proxy))


def _go_on(script: Script, what: str, has_come: threading.Event) -> None:
    assert has_come.is_set(), f"never {what}"
    _run_patiently(script)
    try:
        script.check()
    except AssertionError as error:
        raise AssertionError(f"after it {what}: {error}") from None


def _run_patiently(script: Script) -> None:
    """Run it as its workflow does, which tries again what another try can mend."""
    wait_until(lambda: _run_once(script), bool, timeout_seconds=60)


def _run_once(script: Script) -> bool:
    try:
        script.run(script.pipeline.settings)
    except TransientError:
        return False
    return True


def _in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
