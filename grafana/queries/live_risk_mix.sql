-- Readings per second by risk level, from the raw rows: always the range's last two minutes, a look in the key for each
-- step. Steps are whole: one that is cut by the range's start, or still goes on at its end, would look like a drop.
-- Params:  range_end timestamp (UTC), step interval
select
    steps.time,
    counted.normal / extract(epoch from %(step)s) as normal,
    counted.elevated / extract(epoch from %(step)s) as elevated,
    counted.high / extract(epoch from %(step)s) as high
from generate_series(
    date_bin(%(step)s, %(range_end)s - interval '2 minutes', timestamp '2026-01-01'),
    date_bin(%(step)s, %(range_end)s - interval '1 second', timestamp '2026-01-01') - %(step)s,
    %(step)s
) as steps (time)
cross join lateral (
    select
        count(*) filter (where heartbeats.risk_level = 'Normal') as normal,
        count(*) filter (where heartbeats.risk_level = 'Elevated') as elevated,
        count(*) filter (where heartbeats.risk_level = 'High') as high
    from heartbeats
    where
        heartbeats.event_time >= steps.time
        and heartbeats.event_time < steps.time + %(step)s
        and slot_of(heartbeats.event_time) >= slot_of(steps.time)
        and slot_of(heartbeats.event_time) <= slot_of(steps.time + %(step)s - interval '1 microsecond')
        -- Known before the first step is: it leaves the other days out of the plan.
        and heartbeats.event_time >= date_bin(%(step)s, %(range_end)s - interval '2 minutes', timestamp '2026-01-01')
        and heartbeats.event_time < %(range_end)s
    having count(*) > 0
) as counted
order by steps.time;
