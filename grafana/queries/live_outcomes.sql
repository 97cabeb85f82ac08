-- Records per second over time, by what became of them; at most the range's last six hours.
-- Params:  range_start, range_end timestamp (UTC), step interval
select
    date_bin(%(step)s, committed_at, timestamp '2026-01-01') as time,
    sum(accepted) / extract(epoch from %(step)s) as accepted,
    sum(duplicates) / extract(epoch from %(step)s) as duplicates,
    sum(quarantined) / extract(epoch from %(step)s) as quarantined
from stream_commits
where
    committed_at > greatest(%(range_start)s, %(range_end)s - interval '6 hours')
    and committed_at <= %(range_end)s
group by date_bin(%(step)s, committed_at, timestamp '2026-01-01')
order by time;
