-- Records per second over time, by what became of them; at most the range's last six hours.
-- Steps are whole: one that is cut by the range's start, or still goes on at its end, would look like a drop.
-- Params:  range_start, range_end timestamp (UTC), step interval
select
    date_bin(%(step)s, committed_at, timestamp '2026-01-01') as time,
    sum(accepted) / extract(epoch from %(step)s) as accepted,
    sum(duplicates) / extract(epoch from %(step)s) as duplicates,
    sum(quarantined) / extract(epoch from %(step)s) as quarantined
from stream_commits
where
    committed_at >= date_bin(
        %(step)s, greatest(%(range_start)s, %(range_end)s - interval '6 hours'), timestamp '2026-01-01'
    )
    and committed_at < date_bin(%(step)s, %(range_end)s - interval '1 second', timestamp '2026-01-01')
group by date_bin(%(step)s, committed_at, timestamp '2026-01-01')
order by time;
