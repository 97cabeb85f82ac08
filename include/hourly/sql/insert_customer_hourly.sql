-- Insert the sums per customer for the given hours, without customers who are held back.
-- Params:  hours timestamp[]
-- Rerun:   after delete_customer_hourly in the same transaction
insert into customer_hourly
select
    hour,
    customer_id,
    readings,
    normal,
    elevated,
    high,
    min_bpm,
    avg_bpm,
    max_bpm,
    coverage,
    first_event,
    last_event
from summed_readings
where hour = any(%(hours)s) and not is_held_back;
