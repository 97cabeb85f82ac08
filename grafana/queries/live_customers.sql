-- The customers heard in the last minute of the range, by the level of each one's newest reading.
-- Params:  range_end timestamp (UTC)
with newest as (
    select distinct on (customer_id) risk_level
    from heartbeats
    where event_time > %(range_end)s - interval '1 minute' and event_time <= %(range_end)s
    order by customer_id asc, event_time desc
)

select
    count(*) filter (where risk_level = 'Normal') as normal,
    count(*) filter (where risk_level = 'Elevated') as elevated,
    count(*) filter (where risk_level = 'High') as high
from newest;
