"""A task's partitions in the database: how far each is done, and how often it was begun without success."""

from collections.abc import Sequence
from dataclasses import dataclass

from include.db.connect import Connection
from include.db.queries import query
from include.sink.ledger import PartitionState
from include.stream.offsets import begin_partition
from include.stream.types import Launch

# Begun twice at the same place without an orderly end in between: the place itself may be the reason.
_TRIES_BEFORE_CARE = 2


@dataclass(frozen=True, slots=True)
class Begun:
    """A partition that a task begins; `suspect_until` is the end of the piece that killed a careful task."""

    partition: int
    needs_care: bool
    suspect_until: int | None


def begin_share(connection: Connection, launch: Launch, partitions: Sequence[int]) -> list[Begun]:
    """Begin these partitions and record the try; leave out those that another launch has taken."""
    if not partitions:
        return []
    rows = _begin(connection, launch, partitions)
    if len(rows) < len(partitions):
        # Added to the topic since the launch began, or by an older launch that no longer counts.
        for partition in set(partitions) - {row[0] for row in rows}:
            begin_partition(connection, launch, partition, start_offset=0)
        connection.execute(query("sink/adopt_partitions"), _where(launch, partitions))
        rows = _begin(connection, launch, partitions)
    return [
        Begun(partition, tries >= _TRIES_BEFORE_CARE, tried_until) for partition, tries, tried_until in rows
    ]


def read_share(
    connection: Connection, launch: Launch, partitions: Sequence[int]
) -> dict[int, PartitionState]:
    """Return how far these partitions are done; leave out those that another launch has taken."""
    if not partitions:
        return {}
    rows = connection.execute(query("sink/select_share"), _where(launch, partitions)).fetchall()
    return {
        partition: PartitionState(next_offset, rewinds, newest_event_us)
        for partition, next_offset, rewinds, newest_event_us in rows
    }


def end_share(connection: Connection, launch: Launch, partitions: Sequence[int]) -> None:
    """End these partitions in good order: the next task that begins them is not a second try."""
    if partitions:
        connection.execute(query("sink/end_share"), _where(launch, partitions))


def _begin(
    connection: Connection, launch: Launch, partitions: Sequence[int]
) -> list[tuple[int, int, int | None]]:
    return connection.execute(query("sink/begin_share"), _where(launch, partitions)).fetchall()


def _where(launch: Launch, partitions: Sequence[int]) -> dict[str, object]:
    return {"topic_id": launch.topic_id, "partitions": list(partitions), "epoch": launch.epoch}
