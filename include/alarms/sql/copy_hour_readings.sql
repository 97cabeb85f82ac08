-- Copy out all readings of a while.
-- Params:  since, until timestamp (UTC), half-open
copy (
    select
        customer_id,
        event_time,
        heart_rate
    from heartbeats
    where
        event_time >= %(since)s
        and event_time < %(until)s
        and slot_of(event_time) >= slot_of(%(since)s)
        and slot_of(event_time) <= slot_of(%(until)s)
) to stdout (format binary);
