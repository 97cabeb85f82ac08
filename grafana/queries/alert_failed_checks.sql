-- Each check of the newest run: 1 if it failed, else 0. All of them, so that an alert ends when its check recovers.
-- Returns: no row if the checks have not run for five minutes, which is an alert of its own
select
    name as check_name,
    (status = 'fail')::int as failed
from health_checks
where
    checked_at = (
        select max(checked_at) from health_checks
        where checked_at > timezone('utc', now()) - interval '5 minutes'
    )
order by name;
