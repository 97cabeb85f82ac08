-- What the newest run of a check found: 0 ok or not to be told, 1 beyond the lower limit, 2 beyond the upper.
-- The limits are the HEALTH_* settings, which heartbeat_health holds the value against.
-- Params:  check_name text
-- Returns: no row if the checks have not run for five minutes, which is an alert of its own
select case when value is null or status = 'ok' then 0 when status = 'warn' then 1 else 2 end as level
from health_checks
where name = %(check_name)s and checked_at > timezone('utc', now()) - interval '5 minutes'
order by checked_at desc
limit 1;
