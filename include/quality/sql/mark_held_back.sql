-- Mark the sums of customers who are held back, after upsert_held_back: they go into none of the hourly tables.
-- Params:  hours timestamp[]
update summed_readings
set is_held_back = true
from held_back_customers as held
where
    held.hour = any(%(hours)s)
    and summed_readings.hour = held.hour
    and summed_readings.customer_id = held.customer_id;
