"""How long a reading takes from its record's creation to its commit, at a steady rate."""

import threading
import time
from pathlib import Path

from include.db.connect import Role, connect
from include.errors import StreamFailedError
from include.ingest.latency import bucket_edges_ms, percentile_ms
from include.settings import Settings
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tools.bench.types import LatencyResult
from tools.streaming import running_stream, wait_until_started

COUNTS_SINCE = """
select (latency_first_bucket + place - 1)::int, sum(records)::bigint
from stream_commits cross join lateral unnest(latency_counts) with ordinality as counts (records, place)
where committed_at > %(since)s
group by 1
"""


def measure_latency(
    settings: Settings, folder: Path, *, readings_per_second: float, warm_up_seconds: float, seconds: float
) -> LatencyResult:
    """Send at a steady rate; what is committed after the warm-up counts."""
    options = SimulatorOptions(
        customers=1000,
        records_per_second=readings_per_second,
        duration_seconds=warm_up_seconds + seconds,
        seed=99,
    )
    log = folder / "latency.log"
    with running_stream(settings, log) as process, connect(settings, Role.READER, autocommit=True) as reader:
        wait_until_started(settings, process, log)
        sending = threading.Thread(target=run_simulator, args=(options, settings))
        sending.start()
        time.sleep(warm_up_seconds)
        since = reader.execute("select timezone('utc', clock_timestamp())").fetchone()
        sending.join()
        counts: dict[int, int] = dict(
            reader.execute(COUNTS_SINCE, {"since": since[0] if since else None}).fetchall()
        )
    p50, p95, p99 = (percentile_ms(counts, share) for share in (0.5, 0.95, 0.99))
    if p50 is None or p95 is None or p99 is None:
        raise StreamFailedError("the stream committed nothing while its latency was measured")
    return LatencyResult(readings_per_second, seconds, p50, p95, p99, max_ms=bucket_edges_ms(max(counts))[1])
