-- The customers at High, the latest to become so first: the live page's own query and list.
-- Params:  customers_now: that query, up to the range's end
select
    customer_id::text as customer,
    high_since,
    event_time as last_reading,
    heart_rate
from %(customers_now)s as seen
where customer_id is not null
order by high_since desc, customer asc;
