-- Readings per second by risk level, from the raw rows: always the range's last two minutes.
-- Steps are whole: one that is cut by the range's start, or still goes on at its end, would look like a drop.
-- Params:  range_end timestamp (UTC), step interval
select
    date_bin(%(step)s, event_time, timestamp '2026-01-01') as time,
    count(*) filter (where risk_level = 'Normal') / extract(epoch from %(step)s) as normal,
    count(*) filter (where risk_level = 'Elevated') / extract(epoch from %(step)s) as elevated,
    count(*) filter (where risk_level = 'High') / extract(epoch from %(step)s) as high
from heartbeats
where
    event_time >= date_bin(%(step)s, %(range_end)s - interval '2 minutes', timestamp '2026-01-01')
    and event_time < date_bin(%(step)s, %(range_end)s - interval '1 second', timestamp '2026-01-01')
    and slot_of(event_time) >= slot_of(date_bin(%(step)s, %(range_end)s - interval '2 minutes', timestamp '2026-01-01'))
    and slot_of(event_time) <= slot_of(%(range_end)s)
group by date_bin(%(step)s, event_time, timestamp '2026-01-01')
order by time;
