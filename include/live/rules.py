"""What the figures mean. Pure: the clock is the database's, handed in."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from include.broker.topic import KafkaRange
from include.domain.latency import percentile_ms
from include.live.types import PartitionLag, Point, Rates, RecentLatency, Second
from include.stream.lag import count_lag

# A commit comes every second or so: fewer seconds would make a rate jump, more would make it late.
RATE_SECONDS = 5
# What was written in a second is committed and can be seen so much later.
CLOSING = timedelta(seconds=1)
# A monitor that keeps its pace is allowed to miss a beat or two before this counts as a gap.
GAP_PACES = 3.5
SHORTEST_GAP_SECONDS = 2.0


def closed_until(now: datetime) -> datetime:
    """Return the end of the last second in which nothing more can be committed."""
    return (now - CLOSING).replace(microsecond=0)


def rates(seconds: Sequence[Second], until: datetime, arriving: float | None) -> Rates:
    """Return how many records per second got which outcome, over the last RATE_SECONDS whole seconds before `until`."""
    first = until - timedelta(seconds=RATE_SECONDS)
    recent = [row for row in seconds if first <= row.second < until]
    return Rates(
        arriving=arriving,
        accepted=sum(row.accepted for row in recent) / RATE_SECONDS,
        duplicates=sum(row.duplicates for row in recent) / RATE_SECONDS,
        quarantined=sum(row.quarantined for row in recent) / RATE_SECONDS,
    )


def arriving_per_second(
    before: Mapping[int, KafkaRange], after: Mapping[int, KafkaRange], seconds: float
) -> float | None:
    """Return how fast Kafka's ends have moved; None where the two looks cannot be compared."""
    if seconds <= 0 or before.keys() != after.keys() or not after:
        return None
    moved = sum(after[partition].end - before[partition].end for partition in after)
    return moved / seconds if moved >= 0 else None


def recent_latency(counts: Mapping[int, int]) -> RecentLatency:
    """Return the percentiles of all records in these buckets."""
    return RecentLatency(
        sum(counts.values()), percentile_ms(dict(counts), 0.5), percentile_ms(dict(counts), 0.99)
    )


def partition_lags(ranges: Mapping[int, KafkaRange], done: Mapping[int, int]) -> list[PartitionLag]:
    """Return what each partition has still to do.

    Kafka was asked a moment before: where the stream has gone on since, the end is at least there.
    """
    return [
        PartitionLag(partition, next_offset, max(held.end, next_offset), count_lag(next_offset, held))
        for partition, held in sorted(ranges.items())
        for next_offset in [max(done.get(partition, 0), held.beginning)]
    ]


def gap_seconds(instants: Sequence[datetime]) -> float | None:
    """Return the distance from which on readings are missing, by the customer's own pace; None if it has none."""
    distances = [(later - earlier).total_seconds() for earlier, later in pairwise(instants)]
    if not distances:
        return None
    return max(median(distances) * GAP_PACES, SHORTEST_GAP_SECONDS)


def with_gaps(
    readings: Sequence[tuple[datetime, int]], since: datetime, until: datetime, gap: float | None
) -> list[Point]:
    """Return the readings of a while, oldest first, with an empty point wherever some are missing, at its ends too."""
    points: list[Point] = []
    for at, bpm in readings:
        if points and gap is not None and (at - points[-1].at).total_seconds() > gap:
            points.append(Point(points[-1].at + timedelta(seconds=gap), None))
        points.append(Point(at, bpm))
    if not points or gap is None:
        return points
    if (points[0].at - since).total_seconds() > gap:
        points.insert(0, Point(since, None))
    if (until - points[-1].at).total_seconds() > gap:
        points.append(Point(until, None))
    return points
