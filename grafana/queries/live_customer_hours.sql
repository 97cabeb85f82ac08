-- One customer's lowest, mean and highest heart rate in each published hour.
-- Params:  range_start, range_end timestamp (UTC), customer text: a UUID, or empty for none
select
    hour as time,
    min_bpm as lowest,
    avg_bpm as mean,
    max_bpm as highest
from customer_hourly
where
    customer_id = nullif(%(customer)s, '')::uuid
    and hour >= %(range_start)s - interval '1 hour'
    and hour < %(range_end)s
order by hour;
