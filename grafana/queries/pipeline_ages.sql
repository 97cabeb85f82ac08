-- Seconds since the stream's last commit, and the newest reading's age, as the checks saw them over time.
-- Params:  range_start, range_end timestamp (UTC), step interval
select
    date_bin(%(step)s, checked_at, timestamp '2026-01-01') as time,
    max(value) filter (where name = 'commit_age') as last_commit,
    max(value) filter (where name = 'freshness') as newest_reading
from health_checks
where checked_at >= %(range_start)s and checked_at <= %(range_end)s and name in ('commit_age', 'freshness')
group by date_bin(%(step)s, checked_at, timestamp '2026-01-01')
order by time;
