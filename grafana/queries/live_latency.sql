-- From a record's creation to its commit, over the batches of the last minute of the range.
-- Params:  range_end timestamp (UTC)
select
    percentile_disc(0.5) within group (order by latency_p50_ms) as p50_of_median_batch,
    max(latency_p99_ms) as p99_of_slowest_batch
from stream_commits
where committed_at > %(range_end)s - interval '1 minute' and committed_at <= %(range_end)s;
