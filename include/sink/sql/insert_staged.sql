-- Insert the staged readings that are new, the earliest of each customer and instant: in the order of the key, as those
-- are that come by COPY. Two tasks with the same readings then wait for one another, and do not lock each other out.
-- Returns: row: which of the staged readings were inserted
with earliest as (
    select distinct on (slot_of(event_time), customer_id, event_time)
        customer_id,
        heart_rate,
        event_time,
        risk_level,
        row
    from staged_readings
    order by slot_of(event_time), customer_id, event_time, row
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
