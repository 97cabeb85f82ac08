-- Insert the staged readings that are new, the earliest of each customer and instant.
-- Returns: row: which of the staged readings were inserted
with earliest as (
    select distinct on (event_time, customer_id)
        customer_id,
        heart_rate,
        event_time,
        risk_level,
        row
    from staged_readings
    order by event_time, customer_id, row
),

inserted as (
    insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
    select
        customer_id,
        heart_rate,
        event_time,
        risk_level
    from earliest
    on conflict do nothing
    returning event_time, customer_id
)

select earliest.row
from earliest
inner join inserted using (event_time, customer_id);
