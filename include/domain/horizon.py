"""What the database may trust of a reading's time beyond what its own record says. Pure, over whole columns.

A record is judged by its own time first (`judge`). Where a topic takes any time at all, both times of a record may be
wrong: a gateway that begins again in 1970 says so twice. So a reading is also held against what does not come from its
record (docs/decisions/0014):

- the newest valid reading that came before it in its partition, which the ledger keeps beside the offset: the same
  whenever the record is read, and however the records are cut into transactions;
- the days that the database takes. That a day has not come yet cannot be told from the partition; a reading of such a
  day counts for none that comes after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.domain.judge import Rejection, TimeBounds
from include.domain.reasons import Reason
from include.domain.validation import Times, Verdict

Mask = npt.NDArray[np.bool_]
Partitions = npt.NDArray[np.int32]

NOT_YET = Rejection(
    Reason.FUTURE_EVENT_TIME,
    "the database takes no readings of that day yet, though the Kafka record's own time is as far ahead",
)
NO_MORE = Rejection(
    Reason.EXPIRED_EVENT_TIME,
    "the database keeps no readings of that day any more, though the Kafka record's own time is as old",
)
FAR_BEHIND = Rejection(
    Reason.EXPIRED_EVENT_TIME,
    "far older than readings before it in its partition, though the Kafka record's own time is as old",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """The event times that the database takes, from `first_us` up to `end_us`, in microseconds since 1970 UTC."""

    first_us: int
    end_us: int


def within_horizon(
    verdict: Verdict, partitions: Partitions, newest_us: Mapping[int, int], kept: Kept, bounds: TimeBounds
) -> Verdict:
    """Reject the readings that lie beyond; `partitions` are those of all records, by row.

    `newest_us` is each partition's newest valid event time before these records.
    """
    readings = verdict.readings
    times = readings.event_time_us
    if not len(readings):
        return verdict
    own = partitions[readings.rows]
    is_not_yet = times >= kept.end_us
    is_behind = _far_behind(times, own, is_not_yet, newest_us, bounds.farthest_behind_us)
    is_no_more = (times < kept.first_us) & ~is_behind
    is_out = is_not_yet | is_behind | is_no_more
    if not is_out.any():
        return verdict
    found: dict[int, Rejection] = {}
    for mask, why in ((is_not_yet, NOT_YET), (is_behind, FAR_BEHIND), (is_no_more, NO_MORE)):
        found |= readings.rejected(np.flatnonzero(mask).astype(np.int32), why)
    return Verdict(readings.chosen(~is_out), {**verdict.rejections, **found})


def newest_by_partition(times: Times, partitions: Partitions) -> dict[int, int]:
    """Return the newest event time of each partition that has one, in microseconds since 1970 UTC."""
    if not len(times):
        return {}
    first, last = int(partitions.min()), int(partitions.max())
    if first == last:
        return {first: int(times.max())}
    return {at: int(times[partitions == at].max()) for at in _present(partitions)}


def _far_behind(
    times: Times, partitions: Partitions, is_left_out: Mask, newest_us: Mapping[int, int], farthest_us: int
) -> Mask:
    """Return which readings lie too far behind the newest one before them in their partition.

    One that does is older than what it is held against, so it never counts for those that come after it.
    """
    is_behind = np.zeros(len(times), dtype=np.bool_)
    counted = np.where(is_left_out, np.iinfo(np.int64).min, times) if is_left_out.any() else times
    newest = max(int(counted.max()), max(newest_us.values()))
    if int(times.min()) >= newest - farthest_us:
        return is_behind
    for partition in _present(partitions):
        rows = np.flatnonzero(partitions == partition)
        before = np.maximum.accumulate(np.concatenate(([newest_us[partition]], counted[rows[:-1]])))
        is_behind[rows] = times[rows] < before - farthest_us
    return is_behind & ~is_left_out


def _present(partitions: Partitions) -> list[int]:
    # Not np.unique: that sorts.
    return np.flatnonzero(np.bincount(partitions)).tolist()
