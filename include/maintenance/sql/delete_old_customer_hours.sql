-- Delete the oldest day of hourly sums per customer, as far as it lies before what is kept.
-- Params:  before timestamp (UTC), the first instant that stays
with oldest as (
    select date_trunc('day', min(hour)) as day
    from customer_hourly
)

delete from customer_hourly
using oldest
where
    hour >= oldest.day
    and hour < least(oldest.day + interval '1 day', %(before)s);
