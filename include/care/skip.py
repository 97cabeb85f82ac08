"""Skip a record by hand: quarantine it unread, with a person's reason, and let the stream continue behind it."""

from contextlib import closing

from include.broker.topic import Topic, open_broker
from include.care.narrow import store_or_narrow, unprocessable
from include.care.pieces import cut
from include.db.connect import readable_errors
from include.domain.risk import load_policy
from include.errors import OptionError, TransientError
from include.log import get_logger
from include.settings import Settings
from include.sink.gathering import Gathering
from include.sink.partitions import read_share
from include.sink.store import Database, Sink
from include.sink.worker import Worker
from include.stream.lease import read_lease
from include.stream.types import Launch, bounds_of
from include.terminal import plain
from include.wire.raw_reader import DEFAULT_FETCH_BYTES, RawReader

log = get_logger()


def skip_record(settings: Settings, *, partition: int, offset: int, reason: str) -> int:
    """Quarantine the record at this offset, the next one of its partition, and return where the stream continues.

    A Kafka batch that cannot be unpacked is skipped as a whole. A running stream continues by itself.
    """
    if not reason.strip():
        raise OptionError("a reason has to be given: it is kept with the record")
    worker = Worker(settings)
    with closing(worker), open_broker(settings) as broker, readable_errors(settings):
        topic = broker.topic(settings.kafka.topic)
        database = worker.database()
        launch = _newest_launch(settings, topic, database)
        states = read_share(database.connection, launch, [partition])
        _require_next(states[partition].next_offset if partition in states else None, partition, offset)
        piece = _fetch(worker.raw_reader, topic, partition, offset)
        why = unprocessable(f"skipped by hand: {plain(' '.join(reason.split()))}")
        # Another launch or the task itself may have moved on meanwhile: then nothing is stored, and an error says so.
        store_or_narrow(piece.condemning(why), Sink(launch, states, database, lambda: None))
    log.warning("record_skipped", partition=partition, offset=offset, record_count=len(piece))
    return states[partition].next_offset


def _newest_launch(settings: Settings, topic: Topic, database: Database) -> Launch:
    lease = read_lease(database.connection)
    if lease is None:
        raise OptionError("the stream has never run: there is nothing to skip yet")
    policy = load_policy(settings.judging.risk_policy)
    return Launch(topic.name, topic.topic_id, lease.epoch, policy, bounds_of(settings))


def _require_next(next_offset: int | None, partition: int, offset: int) -> None:
    if next_offset is None:
        raise OptionError(
            f"the stream knows no partition {partition}: 'python main.py report' lists those it knows"
        )
    if offset != next_offset:
        state = "is done already" if offset < next_offset else "is not reached yet"
        raise OptionError(
            f"offset {offset} of partition {partition} {state}: only the next one, {next_offset}, can be skipped"
        )


def _fetch(reader: RawReader, topic: Topic, partition: int, offset: int) -> Gathering:
    """Return the record, or the whole batch where that cannot be read."""
    batches = reader.fetch(topic, partition, offset, max_bytes=DEFAULT_FETCH_BYTES).batches
    piece = next(cut(batches, partition, offset, single_until=offset + 1), None)
    if piece is None:
        raise TransientError(f"there is no record at offset {offset} of partition {partition} yet")
    return piece
