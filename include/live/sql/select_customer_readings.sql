-- One customer's readings of a while. The key leads with the time, so everybody's entries of the while are passed
-- over: the caller bounds it.
-- Params:  customer_id uuid; since, until timestamp (UTC); most int
-- Returns: event_time, heart_rate, risk_level; newest first
select
    event_time,
    heart_rate,
    risk_level
from heartbeats
where customer_id = %(customer_id)s and event_time >= %(since)s and event_time < %(until)s
order by event_time desc
limit %(most)s;
