-- How the hours of a day stand, with how many customers are held back in each and who has accepted it.
-- Params:  since, until timestamp (UTC), half-open
select
    hours.hour,
    hours.state,
    hours.reason,
    hours.readings,
    hours.unsettled_readings,
    hours.revision,
    hours.accepted_by,
    hours.accepted_reason,
    (
        select count(distinct held_back_customers.customer_id)
        from held_back_customers
        where held_back_customers.hour = hours.hour
    ) as held_back
from hour_status as hours
where hours.hour >= %(since)s and hours.hour < %(until)s
order by hours.hour;
