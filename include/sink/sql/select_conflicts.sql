-- The staged readings whose customer has another heart rate at that instant, after insert_staged.
-- Returns: row
select staged_readings.row
from staged_readings
inner join heartbeats
    on
        slot_of(staged_readings.event_time) = slot_of(heartbeats.event_time)
        and staged_readings.customer_id = heartbeats.customer_id
        and staged_readings.event_time = heartbeats.event_time
where heartbeats.heart_rate <> staged_readings.heart_rate
order by staged_readings.row;
