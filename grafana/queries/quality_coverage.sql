-- The customers of whom the least arrived in the newest published hour before the range's end.
-- Params:  range_end timestamp (UTC)
select
    customer_id::text as customer,
    hour,
    coverage,
    readings,
    first_event,
    last_event
from customer_hourly
where
    hour = (
        select max(hour) from customer_hourly
        where hour < %(range_end)s
    )
    and coverage is not null
order by coverage, customer_id
limit 20;
