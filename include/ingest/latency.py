"""Latency of a commit: exact percentiles, and a histogram that adds up over commits.

Bucket i holds latencies from 2**(i/8) up to 2**((i+1)/8) ms, so a percentile read back from the buckets is at most
9 % off; bucket 0 also takes what is faster than a millisecond.
"""

import numpy as np
import numpy.typing as npt

from include.ingest.types import Latency

BUCKETS_PER_DOUBLING = 8
LAST_BUCKET = 40 * BUCKETS_PER_DOUBLING  # far beyond any retention of Kafka's


def measure_latency(record_times_us: npt.NDArray[np.int64], now_us: int) -> Latency:
    """Summarise the ages at `now_us` of records; a record from the future counts as zero."""
    ages_ms = np.maximum(now_us - record_times_us, 0) / 1000
    buckets = np.floor(np.log2(np.maximum(ages_ms, 1)) * BUCKETS_PER_DOUBLING).astype(np.int64)
    buckets = np.minimum(buckets, LAST_BUCKET)
    first = int(buckets.min())
    p50, p99 = np.percentile(ages_ms, [50, 99])
    return Latency(float(p50), float(p99), first, np.bincount(buckets - first).tolist())


def bucket_edges_ms(bucket: int) -> tuple[float, float]:
    """Return where a bucket begins and ends."""
    return 2 ** (bucket / BUCKETS_PER_DOUBLING), 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING)


def percentile_ms(counts: dict[int, int], share: float) -> float | None:
    """Return the latency below which `share` (0-1) of all lie, from counts by bucket; None where there are none."""
    remaining = share * sum(counts.values())
    for bucket in sorted(counts):
        if counts[bucket] and remaining <= counts[bucket]:
            low, high = bucket_edges_ms(bucket)
            return low + (high - low) * remaining / counts[bucket]
        remaining -= counts[bucket]
    return None
