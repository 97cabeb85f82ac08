"""The stream's self-watch: renew the lease, notice a wish to stop, a newer launch, a new topic or a standstill.

It runs beside the Spark query on connections of its own and judges by the database's offsets, so it tells the truth
even when Spark itself hangs.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import psycopg

from include.broker.topic import Broker
from include.db.connect import Connection, Role, connect
from include.errors import (
    BrokerUnavailableError,
    DatabaseUnavailableError,
    HeartbeatError,
    StreamStalledError,
    TopicMissingError,
    TopicReplacedError,
    TransientError,
)
from include.ingest.lease import renew_lease
from include.ingest.types import Launch
from include.log import get_logger
from include.settings import Settings
from include.sql import query

PROGRESS_INTERVAL_SECONDS = 5.0

log = get_logger()


@dataclass(slots=True)
class Progress:
    """Tells a standstill from silence: lag without a step forward for too long."""

    patience_seconds: float
    done_offset: int = -1
    moved_at: float = 0.0

    def note(self, *, done_offset: int, lag: int, now: float) -> float | None:
        """Take in a measurement; return for how many seconds nothing moved once that is too long, else None."""
        if lag == 0 or done_offset != self.done_offset:
            self.done_offset, self.moved_at = done_offset, now
        standstill = now - self.moved_at
        return standstill if standstill > self.patience_seconds else None


class Watch(threading.Thread):
    """Calls `on_end` once, from a thread of its own, with the error that ends this launch, or None for a wished stop.

    The lease is renewed until `end` is called: a launch that ends its last batch is alive, and others see it.
    """

    def __init__(
        self, settings: Settings, launch: Launch, on_end: Callable[[HeartbeatError | None], None]
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._settings = settings
        self._launch = launch
        self._on_end = on_end
        self._is_over = threading.Event()
        self._is_ending = False
        self._progress = Progress(settings.stream_stall_seconds, moved_at=time.monotonic())
        self._connection: Connection | None = None
        self._broker: Broker | None = None
        self._answered_at = time.monotonic()

    def end(self) -> None:
        """Stop watching."""
        self._is_over.set()

    def run(self) -> None:
        """Watch until `end` is called or the launch has to end."""
        next_progress = time.monotonic() + PROGRESS_INTERVAL_SECONDS
        while not self._is_over.wait(self._settings.stream_lease_renew_seconds):
            try:
                if self._renew():
                    self._end_launch(None)
                if time.monotonic() >= next_progress:
                    self._check_progress()
                    next_progress = time.monotonic() + PROGRESS_INTERVAL_SECONDS
            except HeartbeatError as error:
                return self._end_launch(error)
            except Exception as error:
                # An unforeseen failure must not leave a stream that nobody watches.
                log.exception("watch_failed")
                return self._end_launch(
                    TransientError(f"the stream's watch failed ({type(error).__name__}): see the log")
                )
        return None

    def _end_launch(self, error: HeartbeatError | None) -> None:
        if not self._is_ending:
            self._is_ending = True
            threading.Thread(target=self._on_end, args=(error,), name="end", daemon=True).start()

    def _renew(self) -> bool:
        """Renew the lease and return whether to stop; an outage of the database is borne for a while."""
        try:
            if self._connection is None:
                self._connection = connect(self._settings, Role.STREAM, autocommit=True)
            is_stop_requested = renew_lease(self._connection, self._launch.epoch)
        except (psycopg.OperationalError, DatabaseUnavailableError):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            if time.monotonic() - self._answered_at > self._settings.stream_stall_seconds:
                raise DatabaseUnavailableError(address=self._settings.db_address) from None
            return False
        self._answered_at = time.monotonic()
        return is_stop_requested

    def _check_progress(self) -> None:
        if self._connection is None:
            return
        try:
            ends = self._kafka_ends()
        except BrokerUnavailableError:
            self._broker = None  # no lag can be told; the query itself waits for the broker
            return
        where = {"topic_id": self._launch.topic_id}
        done: dict[int, int] = dict(self._connection.execute(query("select_offsets"), where).fetchall())
        lag = sum(max(end - done.get(partition, 0), 0) for partition, end in ends.items())
        standstill = self._progress.note(done_offset=sum(done.values()), lag=lag, now=time.monotonic())
        if standstill is not None:
            raise StreamStalledError(lag=lag, seconds=standstill)

    def _kafka_ends(self) -> dict[int, int]:
        if self._broker is None:
            self._broker = Broker(self._settings)
        try:
            topic = self._broker.topic(self._launch.topic)
            if topic.topic_id != self._launch.topic_id:
                raise TopicReplacedError(topic=self._launch.topic)
            return {partition: kafka.end for partition, kafka in self._broker.ranges(topic).items()}
        except TopicMissingError:
            raise TopicReplacedError(topic=self._launch.topic) from None


def hard_exit_after(seconds: float, leave: Callable[[], None]) -> threading.Timer:
    """Call `leave` unless the returned timer is cancelled: a query that hangs cannot hold the process."""
    timer = threading.Timer(seconds, partial(leave))
    timer.daemon = True
    timer.start()
    return timer
