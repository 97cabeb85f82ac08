-- The policies that were ever in force, by the time of the reading.
-- Returns: version, valid_from, policy
select
    version,
    valid_from,
    policy
from alarm_policies
order by valid_from;
