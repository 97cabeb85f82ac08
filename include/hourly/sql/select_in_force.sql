-- What is accepted of an hour at this instant, the newest first.
-- Params:  hour timestamp
-- Returns: rule, customer_id (null for the whole hour), failure, accepted_by, reason
select
    rule,
    customer_id,
    failure,
    accepted_by,
    reason
from acceptances_in_force
where hour = %(hour)s
order by id desc;
