-- Records per second of each partition over time; at most the range's last six hours.
-- Steps are whole: one that is cut by the range's start, or still goes on at its end, would look like a drop.
-- Params:  range_start, range_end timestamp (UTC), step interval, partitions text: a list
select
    date_bin(%(step)s, committed_at, timestamp '2026-01-01') as time,
    'partition ' || partition as metric,
    sum(accepted + duplicates + quarantined) / extract(epoch from %(step)s) as value
from stream_commits
where
    committed_at >= date_bin(
        %(step)s, greatest(%(range_start)s, %(range_end)s - interval '6 hours'), timestamp '2026-01-01'
    )
    and committed_at < date_bin(%(step)s, %(range_end)s - interval '1 second', timestamp '2026-01-01')
    and partition::text in (%(partitions)s)
group by date_bin(%(step)s, committed_at, timestamp '2026-01-01'), partition
order by time, metric;
