-- The failures of these hours that a person has accepted, as far as that is still in force.
-- Params:  hours timestamp[]
-- Returns: hour, rule, customer_id (null for the whole hour), observed
select
    hour,
    rule,
    customer_id,
    observed
from acceptances_in_force
where hour = any(%(hours)s);
