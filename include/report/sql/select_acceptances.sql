-- Who has accepted what of an hour, the newest first.
-- Params:  hour timestamp
-- Returns: accepted_by, accepted_at (UTC), reason, failure
select
    accepted_by,
    accepted_at,
    reason,
    failure
from accepted_failures
where hour = %(hour)s
order by accepted_at desc, failure asc;
