-- Copy out the readings of some customers, each from an instant of its own on and in order of their time.
-- Params:  customers uuid[], sinces timestamp[] (UTC) in step; first timestamp: the earliest of them
copy (
    select
        heartbeats.customer_id,
        heartbeats.event_time,
        heartbeats.heart_rate
    from heartbeats
    inner join unnest(%(customers)s::uuid[], %(sinces)s::timestamp[]) as asked (customer_id, since)
        on
            heartbeats.customer_id = asked.customer_id
            and heartbeats.event_time >= asked.since
            and slot_of(heartbeats.event_time) >= slot_of(asked.since)
    where heartbeats.event_time >= %(first)s and slot_of(heartbeats.event_time) >= slot_of(%(first)s)
    order by heartbeats.customer_id, heartbeats.event_time
) to stdout (format binary);
