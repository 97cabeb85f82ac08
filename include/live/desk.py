"""Answers about single customers: worked out by a few threads of the desk's own, each answer once for all who ask.

The page lives in Airflow's api-server, whose own requests share one pool of threads. So nobody's question waits in
that pool: the desk has threads of its own and a short queue before them, and who does not fit in is told to come again.
"""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue
from uuid import UUID

from include.db.clock import read_clock
from include.db.connect import Connection
from include.errors import DeskFullError
from include.live import rules, store
from include.live.session import Session, as_json
from include.live.types import CustomerView, Point
from include.settings import Settings

# So many questions are worked on at a time, a session each; of a question that is asked again nothing is.
WORKERS = 2
# So many more may wait. Each takes a fifth of a second as a rule (docs/decisions/0005): the last waits for a second.
MOST_WAITING = 10
# Whoever asks about the same customer within this time gets the same answer.
SHARED_SECONDS = 1.0
COME_AGAIN_SECONDS = 2

Key = tuple[UUID, int]


@dataclass(slots=True)
class _Answer:
    """What is being found out, or was, about one customer."""

    body: Future[bytes]
    asked_at: float


class CustomerDesk:
    """Answers about many customers for many viewers at a bounded cost."""

    def __init__(self, settings: Settings) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Key, _Answer] = {}
        self._sessions: SimpleQueue[Session] = SimpleQueue()
        for _ in range(WORKERS):
            self._sessions.put(Session(settings))
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="heartbeat-live-customer")

    def ask(self, customer_id: UUID, minutes: int) -> Future[bytes]:
        """Return the customer's last minutes and hours as JSON, once they are read; a HeartbeatError may come instead.

        It never waits; raise DeskFullError if too many questions wait already. The answer is not the asker's to cancel.
        """
        key = (customer_id, minutes)
        with self._lock:
            self._forget()
            known = self._answers.get(key)
            if known is not None:
                return known.body
            if sum(not answer.body.done() for answer in self._answers.values()) >= WORKERS + MOST_WAITING:
                raise DeskFullError(seconds=COME_AGAIN_SECONDS)
            body = self._workers.submit(self._work_out, customer_id, minutes)
            self._answers[key] = _Answer(body, time.monotonic())
            return body

    def close(self) -> None:
        """End the threads and the sessions."""
        self._workers.shutdown(cancel_futures=True)
        for _ in range(WORKERS):
            self._sessions.get().close()

    def _forget(self) -> None:
        """Forget the answers that are old; a question that is still open is none."""
        oldest = time.monotonic() - SHARED_SECONDS
        self._answers = {
            key: answer
            for key, answer in self._answers.items()
            if not answer.body.done() or answer.asked_at > oldest
        }

    def _work_out(self, customer_id: UUID, minutes: int) -> bytes:
        session = self._sessions.get()  # as many as there are threads
        try:
            return as_json(session.ask(lambda connection: customer_view(connection, customer_id, minutes)))
        finally:
            self._sessions.put(session)


def customer_view(connection: Connection, customer_id: UUID, minutes: int) -> CustomerView:
    """Read one customer's heart rate, with gaps where readings are missing."""
    now = read_clock(connection)
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
        readings = store.read_customer(connection, customer_id, since, until)
        cost = time.perf_counter() - began
        spent += cost
        found = readings + found
        # Of very many readings the store gives the newest: then nothing is known of what lies before them.
        until = readings[0][0] if len(readings) >= store.MOST_READINGS_OF_ONE else since
        further = rules.next_slice(slice_, cost, spent)
        if further is None:
            break
        slice_ = further
    return until, found
