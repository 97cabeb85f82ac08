-- Copy out the readings of some customers from an instant on, each customer's in order of their time.
-- Params:  customers uuid[]; since timestamp (UTC)
copy (
    select
        customer_id,
        event_time,
        heart_rate
    from heartbeats
    where customer_id = any(%(customers)s) and event_time >= %(since)s
    order by customer_id, event_time
) to stdout (format binary);
