-- One customer's published hours.
-- Params:  customer_id uuid; since timestamp (UTC)
-- Returns: hour, readings, min_bpm, avg_bpm, max_bpm, high, coverage; oldest first
select
    hour,
    readings,
    min_bpm,
    avg_bpm::double precision as avg_bpm,
    max_bpm,
    high,
    coverage::double precision as coverage
from customer_hourly
where customer_id = %(customer_id)s and hour >= %(since)s
order by hour;
