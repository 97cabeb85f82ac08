-- The state of the given hours, and how many customers are held back in each.
-- Params:  hours timestamp[]
select
    hour,
    state,
    reason,
    readings,
    revision,
    run_id,
    (
        select count(distinct held_back_customers.customer_id)
        from held_back_customers
        where held_back_customers.hour = hour_status.hour
    ) as held_back
from hour_status
where hour = any(%(hours)s)
order by hour;
