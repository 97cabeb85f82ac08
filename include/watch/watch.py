"""The stream watches itself: it renews the lease, ends each turn, and logs what was committed. It notices a request to
stop, a newer launch, a new topic and a standstill.

It runs beside the Spark query on its own connections and goes by the offsets in the database, so it is right even when
Spark itself hangs. It never waits for anything that a task holds, nor for Kafka: that is asked on another thread. A
connection that is half open can make it wait for ever: whoever has started it asks now and then whether it
`is_unanswered`.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg

from include.broker.topic import KafkaRange
from include.db.connect import Connection, Role, connect, readable_errors
from include.errors import (
    BrokerUnavailableError,
    DatabaseUnavailableError,
    HeartbeatError,
    StreamStalledError,
    TransientError,
)
from include.log import get_logger
from include.settings import Settings
from include.stream.lag import lag_by_partition
from include.stream.lease import FIRST_TURN, renew_lease
from include.stream.offsets import read_next_offsets
from include.stream.progress import CommitLog
from include.stream.types import Launch
from include.watch.ends import EndsWatch

LAST_WORDS_SECONDS = 5.0

T = TypeVar("T")

log = get_logger()


@dataclass(slots=True)
class Progress:
    """Tells a standstill from silence: there was work to do, and no progress for too long."""

    patience_seconds: float
    done_offset: int = -1
    moved_at: float = 0.0

    def note(self, *, done_offset: int, lag: int, now: float) -> float | None:
        """Take in a measurement; return for how many seconds nothing has moved if that is too long, else None."""
        if lag == 0 or done_offset != self.done_offset:
            self.done_offset, self.moved_at = done_offset, now
        standstill = now - self.moved_at
        return standstill if standstill > self.patience_seconds else None

    def look_away(self, *, now: float) -> None:
        """Start counting anew: while nothing can be measured, nothing can be called a standstill."""
        self.moved_at = now


@dataclass(slots=True)
class Question:
    """Knows for how long the database has given no answer to what it is asked again and again.

    Each question has its own: that one is answered must not hide that another never is.
    """

    _unanswered_since: float | None = None

    def has_failed(self, *, asked_at: float, now: float) -> float:
        """Take in a failure; return for how many seconds there has been no answer."""
        if self._unanswered_since is None:
            self._unanswered_since = asked_at
        return now - self._unanswered_since

    def was_answered(self) -> None:
        """Forget the failures."""
        self._unanswered_since = None


@dataclass(slots=True)
class Turns:
    """Which turn runs, in how many tasks; a new turn begins when the time is up or the number of tasks changes.

    `plan` passes both on; `count_slots` tells how many tasks can run at a time. A drain is a single turn, which ends
    when its tasks have reached their ends.
    """

    turn_seconds: float
    plan: Callable[[int, int], None]
    count_slots: Callable[[], int]
    partitions: int
    is_single: bool = False
    turn: int = FIRST_TURN
    tasks: int = field(init=False)
    _ends_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.tasks = self._fitting_tasks()
        self._ends_at = time.monotonic() + self.turn_seconds
        self.plan(self.turn, self.tasks)

    def turn_now(self) -> int:
        """Return the number of the turn that is to run now."""
        if self.is_single:
            return self.turn
        now, tasks = time.monotonic(), self._fitting_tasks()
        if now >= self._ends_at or tasks != self.tasks:
            self.turn, self.tasks, self._ends_at = self.turn + 1, tasks, now + self.turn_seconds
            self.plan(self.turn, self.tasks)
        return self.turn

    def _fitting_tasks(self) -> int:
        return max(1, min(self.count_slots(), self.partitions))


class Watch(threading.Thread):
    """Calls `on_end` once, in a thread of its own, with the error that ends this launch, or None for a request to stop.

    The lease is renewed until `end` is called: a launch in its last turn is alive, and others must see that.
    """

    def __init__(
        self,
        settings: Settings,
        launch: Launch,
        turns: Turns,
        on_end: Callable[[HeartbeatError | None], None],
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._settings = settings
        self._launch = launch
        self._turns = turns
        self._on_end = on_end
        self._is_over = threading.Event()
        self._is_ending = False
        self._progress = Progress(settings.stream.stall_seconds, moved_at=time.monotonic())
        self._commit_log = CommitLog(launch.epoch)
        self._connection: Connection | None = None
        self._ends = EndsWatch(settings, launch)
        self._renewals, self._measurements = Question(), Question()
        self._asked_at: float | None = None

    @property
    def is_unanswered(self) -> bool:
        """Tell whether the database has owed an answer for so long that there may be nobody at the other end."""
        asked_at = self._asked_at
        return asked_at is not None and time.monotonic() - asked_at > self._settings.stream.stall_seconds

    def end(self) -> None:
        """Stop watching, and log the last commits."""
        self._is_over.set()
        self.join(LAST_WORDS_SECONDS)

    def run(self) -> None:
        """Watch until `end` is called or the launch has to end."""
        self._ends.start()
        while not self._is_over.wait(self._settings.stream.lease_renew_seconds):
            try:
                self._look()
            except HeartbeatError as error:
                self._end_launch(error)
                break
            except Exception as error:
                # An unforeseen failure must not leave a stream that nobody watches.
                log.exception("watch_failed")
                problem = f"the stream's watch failed ({type(error).__name__}): see the log"
                self._end_launch(TransientError(problem))
                break
        self._ends.end()
        self._tell_last_commits()

    def _end_launch(self, error: HeartbeatError | None) -> None:
        if not self._is_ending:
            self._is_ending = True
            threading.Thread(target=self._on_end, args=(error,), name="end", daemon=True).start()

    def _look(self) -> None:
        with self._asking():
            # A launch that is ending begins no new turn.
            turn = self._turns.turn if self._is_ending else self._turns.turn_now()
        if self._ask(self._renewals, lambda connection: renew_lease(connection, self._launch.epoch, turn)):
            self._end_launch(None)
        if self._connection is not None:
            self._check_progress()

    def _check_progress(self) -> None:
        try:
            held = self._ends.take()
        except BrokerUnavailableError:
            # The lag is unknown; the tasks themselves wait for the broker.
            self._progress.look_away(now=time.monotonic())
            return
        if held is None:
            return
        self._turns.partitions = held.partitions
        measured = self._ask(self._measurements, lambda connection: self._measure(connection, held.ranges))
        if measured is None:
            return
        done, lag = measured
        standstill = self._progress.note(done_offset=done, lag=lag, now=time.monotonic())
        if standstill is not None:
            raise StreamStalledError(lag=lag, seconds=standstill)

    def _measure(self, connection: Connection, held: Mapping[int, KafkaRange]) -> tuple[int, int]:
        """Return how far the stream has come and how many records wait; log what was committed."""
        done = read_next_offsets(connection, self._launch.topic_id)
        lag = sum(lag_by_partition(held, done).values())
        self._commit_log.tell(connection, lag=lag)
        return sum(done.values()), lag

    def _ask(self, question: Question, ask: Callable[[Connection], T]) -> T | None:
        """Ask the database on the watch's connection; None where it gives no answer, which is borne for a while."""
        try:
            with self._asking() as asked_at, readable_errors(self._settings, Role.STREAM):
                if self._connection is None:
                    self._connection = connect(self._settings, Role.STREAM, autocommit=True)
                answer = ask(self._connection)
        except DatabaseUnavailableError:
            self._drop_connection()
            now = time.monotonic()
            self._progress.look_away(now=now)
            if question.has_failed(asked_at=asked_at, now=now) > self._settings.stream.stall_seconds:
                raise
            return None
        question.was_answered()
        return answer

    @contextmanager
    def _asking(self) -> Iterator[float]:
        self._asked_at = asked_at = time.monotonic()
        try:
            yield asked_at
        finally:
            self._asked_at = None

    def _tell_last_commits(self) -> None:
        try:
            if self._connection is not None:
                self._commit_log.tell(self._connection, lag=None, is_last=True)
        except psycopg.Error:
            log.warning("last_commits_not_told")  # the ledger has them
        self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
