"""Where a launch begins: the database's offsets, held against what Kafka still has."""

from uuid import UUID

from include.broker.topic import KafkaRange
from include.db.connect import Connection
from include.ingest.lease import hold_lease
from include.log import get_logger
from include.sql import query

log = get_logger()


def open_offsets(
    connection: Connection, *, topic: str, topic_id: UUID, epoch: int, held: dict[int, KafkaRange]
) -> dict[int, int]:
    """Return the next offset of each partition in `held`, in one transaction under the lease.

    A partition that the ledger does not know begins where Kafka does. Where Kafka no longer has the next record, the
    gap is noted and stepped over. Where Kafka ends below the next offset it has lost its tail (a power cut on a
    single broker) and will hand out those offsets again, so the ledger goes back to that end and notes it.
    """
    with connection.transaction():
        hold_lease(connection, epoch)
        connection.execute("select ensure_day_partition('stream_commits', timezone('utc', now())::date)")
        known: dict[int, int] = dict(
            connection.execute(query("lock_offsets"), {"topic_id": topic_id}).fetchall()
        )
        starts = {}
        for partition, kafka in sorted(held.items()):
            # A partition added to a known topic is read from zero: what Kafka dropped of it is a gap.
            first = 0 if known else kafka.beginning
            starts[partition] = min(max(known.get(partition, first), kafka.beginning), kafka.end)
            facts = {"topic": topic, "topic_id": topic_id, "partition": partition, "epoch": epoch}
            if partition not in known:
                connection.execute(query("insert_offset"), {**facts, "start_offset": first})
            if starts[partition] != known.get(partition, first):
                _note_jump(connection, facts, known.get(partition, first), starts[partition])
    return starts


def _note_jump(connection: Connection, facts: dict[str, object], expected: int, found: int) -> None:
    kind = "gap" if found > expected else "rewind"
    offsets = {"from_offset": min(expected, found), "to_offset": max(expected, found)}
    connection.execute(query("insert_jump"), {**facts, **offsets, "kind": kind})
    connection.execute(query("update_offset"), {**facts, "next_offset": found})
    log.warning("offsets_jumped", kind=kind, partition=facts["partition"], **offsets)
