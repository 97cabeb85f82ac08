-- One customer's published hours, and how many alarms opened in each.
-- Params:  customer_id uuid; since timestamp (UTC)
-- Returns: hour, readings, min_bpm, avg_bpm, max_bpm, high, coverage, alarms; oldest first
select
    customer_hourly.hour,
    customer_hourly.readings,
    customer_hourly.min_bpm,
    customer_hourly.avg_bpm::double precision as avg_bpm,
    customer_hourly.max_bpm,
    customer_hourly.high,
    customer_hourly.coverage::double precision as coverage,
    (
        select coalesce(sum(customer_hourly_alarms.episodes), 0)::int
        from customer_hourly_alarms
        where
            customer_hourly_alarms.hour = customer_hourly.hour
            and customer_hourly_alarms.customer_id = customer_hourly.customer_id
    ) as alarms
from customer_hourly
where customer_hourly.customer_id = %(customer_id)s and customer_hourly.hour >= %(since)s
order by customer_hourly.hour;
