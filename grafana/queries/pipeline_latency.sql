-- From a record's creation to its commit, over time; at most the range's last six hours.
-- Params:  range_start, range_end timestamp (UTC), step interval, partitions text: a list
select
    date_bin(%(step)s, committed_at, timestamp '2026-01-01') as time,
    percentile_disc(0.5) within group (order by latency_p50_ms) as p50_of_median_batch,
    max(latency_p99_ms) as p99_of_slowest_batch
from stream_commits
where
    committed_at > greatest(%(range_start)s, %(range_end)s - interval '6 hours')
    and committed_at <= %(range_end)s
    and kind = 'batch'
    and partition::text in (%(partitions)s)
group by date_bin(%(step)s, committed_at, timestamp '2026-01-01')
order by time;
