-- The subjects that fail, by the newest notice of each.
-- Returns: subject
select subject
from (
    select distinct on (subject)
        subject,
        is_failing
    from notices
    order by subject asc, id desc
) as newest
where is_failing
order by subject;
