-- What the newest run of a check measured.
-- Params:  check_name text
-- Returns: no row if the checks have not run for five minutes
select coalesce(value, 0) as measured
from health_checks
where name = %(check_name)s and checked_at > timezone('utc', now()) - interval '5 minutes'
order by checked_at desc
limit 1;
