-- Rejected records per minute by reason over time; at most the range's last six hours.
-- Steps are whole: one that is cut by the range's start, or still goes on at its end, would look like a drop.
-- Params:  range_start, range_end timestamp (UTC), step interval, reasons text[]
select
    date_bin(%(step)s, recorded_at, timestamp '2026-01-01') as time,
    reason as metric,
    count(*) * 60 / extract(epoch from %(step)s) as value
from dead_letters
where
    reason = any(%(reasons)s)
    and recorded_at >= date_bin(
        %(step)s, greatest(%(range_start)s, %(range_end)s - interval '6 hours'), timestamp '2026-01-01'
    )
    and recorded_at < date_bin(%(step)s, %(range_end)s - interval '1 second', timestamp '2026-01-01')
group by date_bin(%(step)s, recorded_at, timestamp '2026-01-01'), reason
order by time, metric;
