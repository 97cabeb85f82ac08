-- One customer's readings of a while: a look-up in the key for each slot, from the newest back until there are enough.
-- Params:  customer_id uuid; since, until timestamp (UTC); most int
-- Returns: event_time, heart_rate, risk_level; newest first
with newest as (
    select readings.*
    from generate_series(slot_of(%(until)s), slot_of(%(since)s), -slot_length()) as slots (slot)
    cross join lateral (
        select
            heartbeats.event_time,
            heartbeats.heart_rate,
            heartbeats.risk_level
        from heartbeats
        where
            slot_of(heartbeats.event_time) = slots.slot
            and heartbeats.customer_id = %(customer_id)s
            -- Leaves the other days out of the plan,
            and heartbeats.event_time >= %(since)s
            and heartbeats.event_time < %(until)s
            -- and of two days the one in which the slot does not lie.
            and heartbeats.event_time >= slots.slot
            and heartbeats.event_time < slots.slot + slot_length()
        order by heartbeats.event_time desc
    ) as readings
    -- In the order of the slots: an order by both would read all of them first.
    limit %(most)s -- noqa: AM09
)

select
    event_time,
    heart_rate,
    risk_level
from newest
order by event_time desc;
