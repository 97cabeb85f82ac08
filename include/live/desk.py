"""Answers about customers and alarms: worked out by a few threads of the desk's own, each answer once for all who ask.

The page lives in Airflow's api-server, whose own requests share one pool of threads. So nobody's question waits in
that pool: the desk has threads of its own and a short queue before them, and who does not fit in is told to come again.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar
from uuid import UUID

from include.db.connect import Connection
from include.episodes.policy import load_alarm_policy
from include.errors import DeskFullError
from include.handling.board import read_board, read_history
from include.handling.forms import Wanted
from include.live.customer import customer_view
from include.live.session import Session, as_json
from include.settings import Settings

# So many questions are worked on at a time, a session each; of a question that is asked again nothing is.
WORKERS = 2
# So many more may wait. Each takes a fifth of a second as a rule (docs/decisions/0005): the last waits for a second.
MOST_WAITING = 10
# Whoever asks the same within this time gets the same answer.
SHARED_SECONDS = 1.0
COME_AGAIN_SECONDS = 2

T = TypeVar("T")


class Workers:
    """A few threads and a short queue before them."""

    def __init__(self, workers: int, most_waiting: int, name: str) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._most = workers + most_waiting
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Have something done; raise DeskFullError at once if too much waits already."""
        with self._lock:
            if self._open >= self._most:
                raise DeskFullError(seconds=COME_AGAIN_SECONDS)
            self._open += 1
        done = self._threads.submit(work)
        done.add_done_callback(self._leave)
        return done

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    def _leave(self, _: Future[T]) -> None:
        with self._lock:
            self._open -= 1


@dataclass(slots=True)
class _Answer:
    """What is being found out, or was."""

    body: Future[bytes]
    asked_at: float


class Desk:
    """Answers many viewers at a bounded cost, as JSON once it is read; a HeartbeatError may come instead.

    It never waits; each question raises DeskFullError if too many wait already. An answer is not the asker's to cancel.
    """

    def __init__(self, settings: Settings) -> None:
        self._policy = load_alarm_policy(settings.alarms.policy)
        self._lock = threading.Lock()
        self._answers: dict[Hashable, _Answer] = {}
        self._sessions: SimpleQueue[Session] = SimpleQueue()
        for _ in range(WORKERS):
            self._sessions.put(Session(settings))
        self._crew = Workers(WORKERS, MOST_WAITING, "heartbeat-live-desk")

    def customer(self, customer_id: UUID, minutes: int) -> Future[bytes]:
        """Return a customer's last minutes and hours."""
        return self._ask(
            (customer_id, minutes),
            lambda connection: customer_view(connection, customer_id, minutes, self._policy),
        )

    def alarms(self, wanted: Wanted) -> Future[bytes]:
        """Return the alarms that are wanted."""
        return self._ask(wanted, lambda connection: read_board(connection, wanted, self._policy))

    def alarm(self, alarm_id: int) -> Future[bytes]:
        """Return an alarm with all that happened to it."""
        return self._ask(alarm_id, lambda connection: read_history(connection, alarm_id))

    def forget(self) -> None:
        """Answer anew from now on: somebody has changed something."""
        with self._lock:
            self._answers.clear()

    def close(self) -> None:
        """End the threads and the sessions."""
        self._crew.close()
        for _ in range(WORKERS):
            self._sessions.get().close()

    def _ask(self, key: Hashable, question: Callable[[Connection], object]) -> Future[bytes]:
        with self._lock:
            self._forget_old()
            known = self._answers.get(key)
            if known is None:
                body = self._crew.submit(lambda: self._work_out(question))
                known = self._answers[key] = _Answer(body, time.monotonic())
            return known.body

    def _forget_old(self) -> None:
        """Forget the answers that are old; a question that is still open is none."""
        oldest = time.monotonic() - SHARED_SECONDS
        self._answers = {
            key: answer
            for key, answer in self._answers.items()
            if not answer.body.done() or answer.asked_at > oldest
        }

    def _work_out(self, question: Callable[[Connection], object]) -> bytes:
        session = self._sessions.get()  # as many as there are threads
        try:
            return as_json(session.ask(question))
        finally:
            self._sessions.put(session)
