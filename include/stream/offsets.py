"""Where a launch begins, and where a partition goes on whose next record Kafka no longer has."""

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


def open_offsets(
    connection: Connection, *, topic: str, topic_id: UUID, epoch: int, held: dict[int, KafkaRange]
) -> dict[int, int]:
    """Return the next offset of each partition in `held`, in one transaction; raise FencedError if superseded.

    A partition that the ledger does not know begins where Kafka does. Where Kafka no longer has the next record, the
    gap is noted and stepped over. Where Kafka ends below the next offset it has lost its tail (a power cut on a
    single broker) and will hand out those offsets again, so the ledger goes back to that end and notes it. `held` has
    to tell the logs' ends for that: a transaction still open is no loss.
    """
    starts = {}
    with connection.transaction():
        require_lease(connection, epoch)
        ensure_day(connection, "stream_commits", read_clock(connection).date())
        rows = connection.execute(query("stream/lock_offsets"), {"topic_id": topic_id}).fetchall()
        known: dict[int, int] = {partition: next_offset for partition, next_offset, _ in rows}
        for partition, kafka in sorted(held.items()):
            # A partition added to a known topic is read from zero: what Kafka dropped of it is a gap.
            first = 0 if known else kafka.beginning
            facts = {"topic_id": topic_id, "partition": partition, "epoch": epoch}
            if partition not in known:
                begin_partition(connection, topic=topic, start_offset=first, **facts)
            starts[partition] = _step_over(connection, facts, known.get(partition, first), kafka)
    return starts


def begin_partition(
    connection: Connection,
    *,
    topic: str,
    topic_id: object,
    partition: object,
    start_offset: int,
    epoch: object,
) -> None:
    """Begin a partition's ledger if it is not there yet and no newer launch is."""
    connection.execute(
        query("stream/insert_offset"),
        {
            "topic": topic,
            "topic_id": topic_id,
            "partition": partition,
            "start_offset": start_offset,
            "epoch": epoch,
        },
    )


def step_over(connection: Connection, launch: Launch, partition: int, kafka: KafkaRange) -> None:
    """Bring one partition to where Kafka can go on, while the stream runs, if it is still this launch's."""
    with connection.transaction():
        rows = connection.execute(query("stream/lock_offsets"), {"topic_id": launch.topic_id}).fetchall()
        own = {at: next_offset for at, next_offset, epoch in rows if epoch == launch.epoch}
        if partition in own:
            facts = {"topic_id": launch.topic_id, "partition": partition, "epoch": launch.epoch}
            _step_over(connection, facts, own[partition], kafka)


def _step_over(connection: Connection, facts: dict[str, object], expected: int, kafka: KafkaRange) -> int:
    found = min(max(expected, kafka.beginning), kafka.tail)
    if found != expected:
        kind = "gap" if found > expected else "rewind"
        offsets = {"from_offset": min(expected, found), "to_offset": max(expected, found)}
        connection.execute(query("stream/insert_jump"), {**facts, **offsets, "kind": kind})
        connection.execute(
            query("stream/move_offset"), {**facts, "next_offset": found, "is_rewind": kind == "rewind"}
        )
        log.warning("offsets_jumped", kind=kind, partition=facts["partition"], **offsets)
    return found
