-- Records per second of each partition over time; at most the range's last six hours.
-- Params:  range_start, range_end timestamp (UTC), step interval, partitions text: a list
select
    date_bin(%(step)s, committed_at, timestamp '2026-01-01') as time,
    'partition ' || partition as metric,
    sum(accepted + duplicates + quarantined) / extract(epoch from %(step)s) as value
from stream_commits
where
    committed_at > greatest(%(range_start)s, %(range_end)s - interval '6 hours')
    and committed_at <= %(range_end)s
    and partition::text in (%(partitions)s)
group by date_bin(%(step)s, committed_at, timestamp '2026-01-01'), partition
order by time, metric;
