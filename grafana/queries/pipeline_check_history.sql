-- The worst status of each check over time: 0 ok, 1 warn, 2 fail.
-- Params:  range_start, range_end timestamp (UTC), step interval
select
    date_bin(%(step)s, checked_at, timestamp '2026-01-01') as time,
    name as metric,
    max(case status when 'ok' then 0 when 'warn' then 1 else 2 end) as value
from health_checks
where checked_at >= %(range_start)s and checked_at <= %(range_end)s
group by date_bin(%(step)s, checked_at, timestamp '2026-01-01'), name
order by time, metric;
