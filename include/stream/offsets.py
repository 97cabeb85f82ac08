"""Where a launch begins, and where a partition continues if Kafka no longer has its next record."""

from collections.abc import Mapping
from uuid import UUID

from include.broker.topic import KafkaRange
from include.db.clock import read_clock
from include.db.connect import Connection
from include.db.days import ensure_day
from include.db.queries import query
from include.log import get_logger
from include.stream.lease import require_lease
from include.stream.types import Launch

log = get_logger()


def read_next_offsets(connection: Connection, topic_id: UUID) -> dict[int, int]:
    """Return each partition's next offset, as far as the database knows the partition."""
    return dict(connection.execute(query("stream/select_offsets"), {"topic_id": topic_id}).fetchall())


def open_offsets(connection: Connection, launch: Launch, held: Mapping[int, KafkaRange]) -> dict[int, int]:
    """Return the next offset of each partition in `held`, in one transaction; raise FencedError if superseded.

    A partition that the ledger does not know begins where Kafka does. If Kafka no longer has the next record, the gap
    is recorded and skipped. If Kafka ends below the next offset, it has lost its tail (a power cut on a single broker)
    and will hand out those offsets again, so the ledger is set back to that end, which is recorded as well. `held` must
    include the logs' ends for that, since a transaction that is still open is no loss.
    """
    starts = {}
    with connection.transaction():
        require_lease(connection, launch.epoch)
        ensure_day(connection, "stream_commits", read_clock(connection).date())
        rows = connection.execute(query("stream/lock_offsets"), {"topic_id": launch.topic_id}).fetchall()
        known: dict[int, int] = {partition: next_offset for partition, next_offset, _ in rows}
        for partition, kafka in sorted(held.items()):
            # A partition added to a known topic is read from zero: what Kafka dropped of it is a gap.
            first = 0 if known else kafka.beginning
            if partition not in known:
                begin_partition(connection, launch, partition, start_offset=first)
            starts[partition] = _step_over(connection, launch, partition, known.get(partition, first), kafka)
    return starts


def begin_partition(connection: Connection, launch: Launch, partition: int, *, start_offset: int) -> None:
    """Begin a partition's ledger, unless it has begun or a newer launch is there."""
    begun = {"topic": launch.topic, "start_offset": start_offset, **_place(launch, partition)}
    connection.execute(query("stream/insert_offset"), begun)


def step_over(connection: Connection, launch: Launch, partition: int, kafka: KafkaRange) -> None:
    """While the stream runs, move one partition to where Kafka can continue, if it still belongs to this launch."""
    with connection.transaction():
        rows = connection.execute(query("stream/lock_offsets"), {"topic_id": launch.topic_id}).fetchall()
        own = {at: next_offset for at, next_offset, epoch in rows if epoch == launch.epoch}
        if partition in own:
            _step_over(connection, launch, partition, own[partition], kafka)


def _place(launch: Launch, partition: int) -> dict[str, object]:
    return {"topic_id": launch.topic_id, "partition": partition, "epoch": launch.epoch}


def _step_over(
    connection: Connection, launch: Launch, partition: int, expected: int, kafka: KafkaRange
) -> int:
    found = min(max(expected, kafka.beginning), kafka.tail)
    if found != expected:
        kind = "gap" if found > expected else "rewind"
        place = _place(launch, partition)
        offsets = {"from_offset": min(expected, found), "to_offset": max(expected, found)}
        connection.execute(query("stream/insert_jump"), {**place, **offsets, "kind": kind})
        moved = {"next_offset": found, "is_rewind": kind == "rewind"}
        connection.execute(
            query("stream/move_offset"), {**moved, "topic_id": launch.topic_id, "partition": partition}
        )
        log.warning("offsets_jumped", kind=kind, partition=partition, **offsets)
    return found
