"""Latency of commits as a histogram that adds up.

Bucket i holds latencies from 2**(i/8) up to 2**((i+1)/8) ms, so a percentile read back from the buckets is at most
9 % off; bucket 0 also takes what is faster than a millisecond.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

BUCKETS_PER_DOUBLING = 8
# A year and more: no broker keeps a record that long, so a record that looks older has no create time to go by.
_TOO_OLD_MS = 2.0**35


def count_ages(record_times_us: npt.NDArray[np.int64], now_us: int) -> Counter[int]:
    """Count the ages at `now_us` of records by bucket.

    A record from the future counts as no age; one that claims to be older than any broker keeps records, not at all.
    """
    ages_ms = np.maximum(now_us - record_times_us, 0) / 1000
    plausible = np.maximum(ages_ms[ages_ms < _TOO_OLD_MS], 1)
    counts = np.bincount(np.floor(np.log2(plausible) * BUCKETS_PER_DOUBLING).astype(np.int64))
    return Counter({int(bucket): int(counts[bucket]) for bucket in np.flatnonzero(counts)})


def bucket_edges_ms(bucket: int) -> tuple[float, float]:
    """Return where a bucket begins and ends."""
    return 2 ** (bucket / BUCKETS_PER_DOUBLING), 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING)


def percentile_ms(counts: Mapping[int, int], share: float) -> float | None:
    """Return the latency below which `share` (0-1) of all lie, from counts by bucket; None where there are none."""
    remaining = share * sum(counts.values())
    for bucket in sorted(counts):
        if counts[bucket] and remaining <= counts[bucket]:
            low, high = bucket_edges_ms(bucket)
            return low + (high - low) * remaining / counts[bucket]
        remaining -= counts[bucket]
    return None


def usual_percentiles_ms(counts: Mapping[int, int]) -> tuple[float | None, float | None, float | None]:
    """Return p50, p95 and p99."""
    return percentile_ms(counts, 0.5), percentile_ms(counts, 0.95), percentile_ms(counts, 0.99)
