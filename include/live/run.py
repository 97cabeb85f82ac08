"""Look at the database once a second for all who watch, and at one customer for who asks.

Whoever watches takes the newest snapshot from memory: a hundred open pages cost the same queries as one. Nobody
waits for a database or a broker that does not answer: the snapshot says so, and the last good look stays on the page.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from queue import LifoQueue
from typing import Generic, TypeVar
from uuid import UUID

import orjson
import psycopg

from include.db.connect import Connection, Role, connect, readable_errors
from include.domain.risk import load_policy
from include.errors import HeartbeatError, LiveQueryTooSlowError
from include.live import rules, store
from include.live.broker import BrokerWatch
from include.live.types import Bands, CustomersNow, CustomerView, Look, Point, Slow, Snapshot
from include.log import get_logger
from include.settings import Settings

LOOK_INTERVAL_SECONDS = 1.0
CUSTOMERS_INTERVAL_SECONDS = 2.0
SLOW_INTERVAL_SECONDS = 5.0
# Without a viewer for so long the looking ends; the next viewer starts it again.
IDLE_SECONDS = 15.0
STATEMENT_TIMEOUT = "2s"
# So many viewers' questions about single customers are answered at a time; the others wait.
SESSIONS_FOR_CUSTOMERS = 2

T = TypeVar("T")

log = get_logger()


class Session:
    """A reader's connection that is opened when it is needed, and anew after an error."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Connection | None = None

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Return the answer; raise a HeartbeatError of one line where there is none."""
        try:
            with readable_errors(self._settings), _bounded():
                return question(self._open())
        except LiveQueryTooSlowError:
            raise  # the connection is as good as before
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Connection:
        if self._connection is None:
            # Kept at once: whatever fails from here on, `close` finds it.
            connection = self._connection = connect(
                self._settings, Role.READER, autocommit=True, application="heartbeat-live-page"
            )
            connection.execute("set default_transaction_read_only = on")
            connection.execute(f"set statement_timeout = '{STATEMENT_TIMEOUT}'")
            # A page takes no more than one core from the stream, and reads no table from end to end.
            connection.execute("set max_parallel_workers_per_gather = 0")
            connection.execute("set enable_seqscan = off")
        return self._connection


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
    """Something that is read anew only when it has been kept for long enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due_at = 0.0
        self._value: T | None = None

    def get(self, read: Callable[[], T]) -> T:
        """Return what is kept, or read it."""
        if self._value is None or time.monotonic() >= self._due_at:
            self._value = read()
            self._due_at = time.monotonic() + self._seconds
        return self._value


class _Looker:
    """Takes one look after the other on one connection."""

    def __init__(self, settings: Settings, broker: BrokerWatch) -> None:
        self._settings = settings
        self._broker = broker
        self._session = Session(settings)
        self._customers: _Kept[CustomersNow] = _Kept(CUSTOMERS_INTERVAL_SECONDS)
        self._slow: _Kept[Slow] = _Kept(SLOW_INTERVAL_SECONDS)
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
        now, ends = store.read_clock(connection), self._broker.ends()
        return Look(
            taken_at=now,
            flow=store.read_flow(connection, now, ends.arriving_per_second),
            broker=store.read_broker(connection, ends),
            stream=store.read_stream(connection, now),
            customers=self._customers.get(lambda: self._read_customers(connection, now)),
            slow=self._slow.get(lambda: store.read_slow(connection, now)),
            bands=bands_of(self._settings),
        )

    def _read_customers(self, connection: Connection, now: datetime) -> CustomersNow:
        return store.read_customers(connection, now, max_skew_seconds=self._settings.max_clock_skew_seconds)


class CustomerDesk:
    """Answers questions about one customer, a few at a time."""

    def __init__(self, settings: Settings) -> None:
        self._sessions: LifoQueue[Session] = LifoQueue()
        for _ in range(SESSIONS_FOR_CUSTOMERS):
            self._sessions.put(Session(settings))

    def view(self, customer_id: UUID, minutes: int) -> bytes:
        """Return the customer's last minutes and hours as JSON; raise a HeartbeatError where this is impossible."""
        session = self._sessions.get()
        try:
            return as_json(session.ask(lambda connection: customer_view(connection, customer_id, minutes)))
        finally:
            self._sessions.put(session)

    def close(self) -> None:
        """End the sessions."""
        for _ in range(SESSIONS_FOR_CUSTOMERS):
            self._sessions.get().close()


def customer_view(connection: Connection, customer_id: UUID, minutes: int) -> CustomerView:
    """Read one customer's heart rate, with gaps where readings are missing."""
    now = store.read_clock(connection)
    asked_since = now - timedelta(minutes=minutes)
    since, readings = _search_back(connection, customer_id, asked_since, now)
    gap = rules.gap_seconds([at for at, _, _ in readings])
    points = rules.with_gaps([(at, bpm) for at, bpm, _ in readings], gap)
    if readings and gap is not None and (now - readings[-1][0]).total_seconds() > gap:
        points.append(Point(now, None))
    return CustomerView(
        customer_id=customer_id,
        since=since,
        until=now,
        asked_minutes=minutes,
        is_shortened=since > asked_since,
        readings=len(readings),
        newest_level=readings[-1][2] if readings else None,
        gap_seconds=gap,
        points=points,
        hours=store.read_customer_hours(connection, customer_id, now),
    )


def _search_back(
    connection: Connection, customer_id: UUID, asked_since: datetime, now: datetime
) -> tuple[datetime, list[store.CustomerReading]]:
    """Read slice by slice from now backwards, until the window or the time for it is used up."""
    found: list[store.CustomerReading] = []
    until, slice_, spent = now, rules.FIRST_SLICE, 0.0
    while until > asked_since and len(found) < store.MOST_READINGS_OF_ONE:
        since = max(asked_since, until - slice_)
        began = time.perf_counter()
        found = store.read_customer(connection, customer_id, since, until) + found
        cost = time.perf_counter() - began
        spent += cost
        until = since
        further = rules.next_slice(slice_, cost, spent)
        if further is None:
            break
        slice_ = further
    return until, found


@contextmanager
def _bounded() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise LiveQueryTooSlowError(limit=STATEMENT_TIMEOUT) from None


def bands_of(settings: Settings) -> Bands:
    """Return the risk policy in force."""
    policy = load_policy(settings.risk_policy)
    return Bands(
        policy.version,
        policy.high_at_most_bpm,
        policy.elevated_at_most_bpm,
        policy.elevated_at_least_bpm,
        policy.high_above_bpm,
    )


def as_json(value: object) -> bytes:
    """Return the JSON that the page reads: instants with a Z."""
    return orjson.dumps(value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
