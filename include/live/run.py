"""Look at the database once a second for all who watch.

Whoever watches takes the newest snapshot from memory: a hundred open pages cost the same queries as one. Nobody
waits for a database or a broker that does not answer: the snapshot says so, and the last good look stays on the page.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from include.db.clock import read_clock
from include.db.connect import Connection
from include.domain.risk import load_policy
from include.errors import HeartbeatError, LiveQueryTooSlowError
from include.handling.store import count_open
from include.live import store
from include.live.broker import BrokerWatch
from include.live.session import Session, as_json, bounded
from include.live.types import CustomersNow, Look, Slow, Snapshot
from include.log import get_logger
from include.settings import Settings

LOOK_INTERVAL_SECONDS = 1.0
CUSTOMERS_INTERVAL_SECONDS = 2.0
SLOW_INTERVAL_SECONDS = 5.0
# After this long without a viewer the looking ends; the next viewer starts it again.
IDLE_SECONDS = 15.0
# Where counting the customers takes too long again and again, the last count is shown for so long: whoever was heard
# when it was made may be heard no more.
OLDEST_COUNT = store.NOW_WINDOW
# The policy in force changes only when a launch of the stream begins; its file is not read for each look.
POLICY_INTERVAL_SECONDS = 60.0
# What is heavy is asked for so much less often that it takes a tenth of the time at most.
REST_PER_WORK = 9.0

T = TypeVar("T")

log = get_logger()


class LiveReader:
    """Gives the newest snapshot; looks only while somebody asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._broker = BrokerWatch(settings)
        self._lock = threading.Lock()
        self._is_looking = False
        self._asked_at = 0.0
        self._snapshot: Snapshot | None = None

    def newest(self) -> Snapshot | None:
        """Return the newest snapshot without waiting; None until the first look after a pause is done."""
        with self._lock:
            self._asked_at = time.monotonic()
            if not self._is_looking:
                self._is_looking = True
                self._snapshot = None
                threading.Thread(target=self._look_on, name="heartbeat-live", daemon=True).start()
            return self._snapshot

    def _look_on(self) -> None:
        """Look once a second until nobody has asked for a while."""
        looker = _Looker(self._settings, self._broker)
        self._broker.start()
        number = 0
        try:
            while self._is_wanted():
                began = time.monotonic()
                number += 1
                self._snapshot = looker.snapshot(number)
                time.sleep(max(LOOK_INTERVAL_SECONDS - (time.monotonic() - began), 0.05))
        finally:
            self._broker.stop()
            looker.close()
            with self._lock:
                self._is_looking = False

    def _is_wanted(self) -> bool:
        with self._lock:
            return time.monotonic() - self._asked_at < IDLE_SECONDS


class _Kept(Generic[T]):
    """Something that is read anew only when it has been kept for long enough; the heavier it is, the longer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due_at = 0.0
        self._value: T | None = None

    def get(self, read: Callable[[], T]) -> T:
        """Return what is kept, or read it."""
        if self._value is None or time.monotonic() >= self._due_at:
            self._value = self._read(read)
        return self._value

    def get_if_quick(self, read: Callable[[], T]) -> T | None:
        """As `get`, but keep what there is, if only None, where reading takes too long."""
        if time.monotonic() >= self._due_at:
            try:
                with bounded():
                    self._value = self._read(read)
            except LiveQueryTooSlowError:
                log.warning("live_query_too_slow")
        return self._value

    def _read(self, read: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            return read()
        finally:
            ended = time.monotonic()
            self._due_at = ended + max(self._seconds, (ended - began) * REST_PER_WORK)


class _Looker:
    """Takes one look after the other on one connection."""

    def __init__(self, settings: Settings, broker: BrokerWatch) -> None:
        self._settings = settings
        self._broker = broker
        self._session = Session(settings)
        self._customers: _Kept[CustomersNow] = _Kept(CUSTOMERS_INTERVAL_SECONDS)
        self._slow: _Kept[Slow] = _Kept(SLOW_INTERVAL_SECONDS)
        self._bands: _Kept[dict[str, object]] = _Kept(POLICY_INTERVAL_SECONDS)
        self._problem: str | None = None

    def snapshot(self, number: int) -> Snapshot:
        """Look and return what was found, or the reason why nothing was."""
        try:
            look = self._session.ask(self._look)
        except HeartbeatError as error:
            return self._failure(number, str(error))
        except Exception as error:  # whatever it is, the page must say so rather than stand still
            log.exception("live_look_failed", kind=type(error).__name__)
            return self._failure(number, f"the look at the database failed: {type(error).__name__}")
        self._problem = None
        return Snapshot(number, "look", as_json(look))

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _failure(self, number: int, problem: str) -> Snapshot:
        if problem != self._problem:
            log.warning("live_look_failed", problem=problem)
        self._problem = problem
        return Snapshot(number, "problem", as_json({"problem": problem}))

    def _look(self, connection: Connection) -> Look:
        now, ends = read_clock(connection), self._broker.ends()
        return Look(
            taken_at=now,
            flow=store.read_flow(connection, now, ends.arriving_per_second),
            broker=store.read_broker(connection, ends),
            stream=store.read_stream(connection, now),
            customers=self._count_customers(connection, now),
            slow=self._slow.get(lambda: store.read_slow(connection, now)),
            alarms=count_open(connection),
            bands=self._bands.get(self._read_bands),
            limits=store.limits(),
        )

    def _count_customers(self, connection: Connection, now: datetime) -> CustomersNow | None:
        found = self._customers.get_if_quick(lambda: store.read_customers(connection, now))
        return found if found is not None and now - found.taken_at <= OLDEST_COUNT else None

    def _read_bands(self) -> dict[str, object]:
        return load_policy(self._settings.judging.risk_policy).model_dump(exclude={"note"})
