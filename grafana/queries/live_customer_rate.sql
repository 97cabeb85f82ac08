-- One customer's readings in the range's last ten minutes, those that are not Normal once more by their level.
-- Params:  range_start, range_end timestamp (UTC), customer text: a UUID, or empty for none
select
    event_time as time,
    heart_rate,
    case when risk_level = 'Elevated' then heart_rate end as elevated,
    case when risk_level = 'High' then heart_rate end as high
from heartbeats
where
    customer_id = nullif(%(customer)s, '')::uuid
    and event_time > greatest(%(range_start)s, %(range_end)s - interval '10 minutes')
    and event_time <= %(range_end)s
    and slot_of(event_time) >= slot_of(greatest(%(range_start)s, %(range_end)s - interval '10 minutes'))
    and slot_of(event_time) <= slot_of(%(range_end)s)
order by event_time
limit 5000;
