-- What each check found when they last ran before the range's end.
-- Params:  range_end timestamp (UTC)
select
    name as check_name,
    status,
    value,
    threshold,
    message,
    checked_at
from health_checks
where
    checked_at = (
        select max(checked_at) from health_checks
        where checked_at <= %(range_end)s
    )
order by name;
