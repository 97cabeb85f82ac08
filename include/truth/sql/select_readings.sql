-- All stored readings.
select
    customer_id,
    event_time,
    heart_rate,
    risk_level
from heartbeats;
