-- Who is held back in the range's hours, and why, newest first.
-- Params:  range_start, range_end timestamp (UTC)
select
    hour,
    customer_id::text as customer,
    detail,
    readings,
    rejected
from held_back_customers
where hour >= %(range_start)s - interval '1 hour' and hour < %(range_end)s
order by hour desc, rejected desc, customer_id asc
limit 200;
