"""What one worker process keeps between turns: its database sessions, its reader, its topic watch.

Spark does not tie a task to a worker, so in the next turn another process may read the same partitions. A worker
therefore keeps one reader and gives it new partitions.
"""

import resource
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import cached_property, partial
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from include.broker.identity import TopicWatch
from include.broker.reader import RecordReader
from include.broker.topic import Topic
from include.db.connect import Role, connect, rename_session
from include.errors import TransientError
from include.settings import Settings
from include.sink.days import DayPartitions
from include.sink.gathering import Origin
from include.sink.messages import ExactOrigins
from include.sink.store import Database
from include.stream.lease import SINK_APPLICATION, sink_application
from include.wire.raw_reader import RawReader, records_at

# A session that is abandoned in the middle of a transaction blocks its partitions for no longer than this.
_IDLE_LIMIT = "set idle_in_transaction_session_timeout = '60s'"
# Statements that are sent over and over are planned once.
_PREPARE_AFTER = 2


class Worker:
    """The connections of one process; each is opened when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._database: Database | None = None
        self._epoch: int | None = None
        self._readers = ExitStack()

    def database(self, epoch: int | None = None) -> Database:
        """Return the sessions, reopened if they broke; wait for the database up to a limit.

        They carry the launch's epoch in their name, so that a later launch can end them.
        """
        if self._database is not None and self._database.is_broken:
            self.drop_database()
        if self._database is None:
            waiting = Retrying(
                retry=retry_if_exception_type(TransientError),
                stop=stop_after_delay(self.settings.stream.db_wait_seconds),
                wait=wait_exponential(multiplier=0.2, max=2),
                reraise=True,
            )
            self._database = waiting(partial(_connect, self.settings))
            self._epoch = None
        if epoch is not None and epoch != self._epoch:
            rename_session(self._database.connection, sink_application(epoch))
            self._epoch = epoch
        return self._database

    @cached_property
    def reader(self) -> RecordReader:
        """The reader."""
        return self._readers.enter_context(closing(RecordReader(self.settings)))

    @cached_property
    def watch(self) -> TopicWatch:
        """What asks the broker for the topic's identity."""
        return TopicWatch(self.settings)

    @cached_property
    def raw_reader(self) -> RawReader:
        """The slow reader that shows records exactly as they lie in Kafka."""
        return self._readers.enter_context(closing(RawReader(self.settings)))

    def exact_origins(self, topic: Topic) -> ExactOrigins:
        """Return what finds key and headers of rejected records, byte for byte."""

        def find(partition: int, offsets: Sequence[int]) -> dict[int, Origin]:
            records = records_at(self.raw_reader, topic, partition, offsets)
            return {offset: Origin(record.key, record.headers) for offset, record in records.items()}

        return find

    def close(self) -> None:
        """Disconnect from broker and database."""
        self.drop_database()
        self._readers.close()

    def drop_database(self) -> None:
        """Close sessions that may be broken or hold a half-done transaction."""
        if self._database is not None:
            self._database.close()
        self._database = None


def limit_memory(megabytes: int) -> None:
    """Let this process take this much more memory: an allocation beyond that fails here and nowhere else."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _data_bytes() + megabytes * 1024 * 1024
    resource.setrlimit(
        resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    )


def _data_bytes() -> int:
    """Return what the kernel currently counts towards RLIMIT_DATA."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmData:")]
    return int(kilobytes) * 1024


def _connect(settings: Settings) -> Database:
    connection = connect(settings, Role.STREAM, autocommit=True, application=SINK_APPLICATION)
    try:
        connection.prepare_threshold = _PREPARE_AFTER
        connection.execute(_IDLE_LIMIT)
        return Database(connection, DayPartitions(connect(settings, Role.STREAM, autocommit=True)))
    except BaseException:
        connection.close()  # if there is no room for the second, the first must not be left behind
        raise
