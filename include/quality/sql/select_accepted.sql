-- The failures of these hours that a person has accepted.
-- Params:  hours timestamp[]
-- Returns: hour, rule, customer_id (null for the whole hour), observed
select
    hour,
    rule,
    customer_id,
    observed
from accepted_failures
where hour = any(%(hours)s);
