-- Insert the staged readings that are new, the earliest of each customer and instant.
-- Returns: hour, readings: how many were inserted, by hour
with inserted as (
    insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
    select
        customer_id,
        heart_rate,
        event_time,
        risk_level
    from (
        select distinct on (event_time, customer_id) *
        from staged_readings
        order by event_time, customer_id, row
    ) as earliest
    on conflict (event_time, customer_id) do nothing
    returning event_time
)

select
    date_trunc('hour', event_time) as hour,
    count(*) as readings
from inserted
group by hour;
