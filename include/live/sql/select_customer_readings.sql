-- One customer's readings of a while: a look-up in the key for each of its slots, backwards.
-- Params:  customer_id uuid; since, until timestamp (UTC); most int
-- Returns: event_time, heart_rate, risk_level; newest first
select
    event_time,
    heart_rate,
    risk_level
from heartbeats
where
    customer_id = %(customer_id)s
    and event_time >= %(since)s
    and event_time < %(until)s
    and slot_of(event_time) >= slot_of(%(since)s)
    and slot_of(event_time) <= slot_of(%(until)s)
order by slot_of(event_time) desc, event_time desc
limit %(most)s;
