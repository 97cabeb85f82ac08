-- What one check measured over time, and the limit that it was held against.
-- Params:  range_start, range_end timestamp (UTC), step interval, check_name text
select
    date_bin(%(step)s, checked_at, timestamp '2026-01-01') as time,
    max(value) as measured,
    max(threshold) as threshold
from health_checks
where checked_at >= %(range_start)s and checked_at <= %(range_end)s and name = %(check_name)s
group by date_bin(%(step)s, checked_at, timestamp '2026-01-01')
order by time;
