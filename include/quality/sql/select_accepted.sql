-- What a person has accepted of these hours.
-- Params:  hours timestamp[]
-- Returns: hour, rule, customer_id (null for the whole hour), observed
select
    hour,
    rule,
    customer_id,
    observed
from accepted_failures
where hour = any(%(hours)s);
