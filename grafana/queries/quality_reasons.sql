-- Rejected records per minute by reason over time; at most the range's last six hours.
-- Params:  range_start, range_end timestamp (UTC), step interval, reasons text[]
select
    date_bin(%(step)s, recorded_at, timestamp '2026-01-01') as time,
    reason as metric,
    count(*) * 60 / extract(epoch from %(step)s) as value
from dead_letters
where
    reason = any(%(reasons)s)
    and recorded_at > greatest(%(range_start)s, %(range_end)s - interval '6 hours')
    and recorded_at <= %(range_end)s
group by date_bin(%(step)s, recorded_at, timestamp '2026-01-01'), reason
order by time, metric;
