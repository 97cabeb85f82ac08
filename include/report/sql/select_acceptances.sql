-- Who has accepted what of an hour, the newest first.
-- Params:  hour timestamp
-- Returns: accepted_by, accepted_at (UTC), reason, failure; ended_at, ended_by, ended_reason (null while it stands)
select
    accepted_by,
    accepted_at,
    reason,
    failure,
    ended_at,
    ended_by,
    ended_reason
from accepted_failures
where hour = %(hour)s
order by accepted_at desc, failure asc;
