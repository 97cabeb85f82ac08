"""How many records have no outcome yet: one formula, for everybody who asks. Pure."""

from collections.abc import Mapping

from include.broker.topic import KafkaRange


def count_lag(next_offset: int | None, held: KafkaRange, *, until: int | None = None) -> int:
    """Return how many of a partition's records wait; with `until`, only those before that offset.

    `next_offset` is None where nothing has been read yet. Nobody waits for what Kafka no longer holds, whether it was
    dropped at the beginning or lost with the tail.
    """
    end = held.end if until is None else min(held.end, until)
    return max(end - max(next_offset or 0, held.beginning), 0)


def lag_by_partition(ranges: Mapping[int, KafkaRange], next_offsets: Mapping[int, int]) -> dict[int, int]:
    """Return how many records wait in each partition that Kafka has."""
    return {partition: count_lag(next_offsets.get(partition), held) for partition, held in ranges.items()}
