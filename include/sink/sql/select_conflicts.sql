-- The staged readings whose customer has another heart rate at that instant, after insert_staged.
-- Returns: row
select staged_readings.row
from staged_readings
inner join heartbeats using (event_time, customer_id)
where heartbeats.heart_rate <> staged_readings.heart_rate
order by staged_readings.row;
