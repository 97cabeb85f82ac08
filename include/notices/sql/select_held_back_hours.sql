-- The hours in which customers are held back.
-- Returns: hour (UTC), customers: how many, rules: those that they break; the oldest first
select
    hour,
    count(distinct customer_id) as customers,
    string_agg(distinct rule, ', ') as rules
from held_back_customers
group by hour
order by hour;
