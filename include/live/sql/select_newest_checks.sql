-- What the newest round of health checks found.
-- Returns: checked_at (UTC), name, status, value, threshold, message
select
    checked_at,
    name,
    status,
    value,
    threshold,
    message
from health_checks
where checked_at = (select max(checked_at) from health_checks)
order by name;
