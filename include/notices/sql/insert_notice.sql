-- Note how a subject stands, unless it stood so before, and that it is to be told; one that nobody has heard of stands
-- well. What was noted under its key before is not noted again.
-- Params:  subject, message text; is_failing bool; link text, key uuid or null; is_told bool: it was told already
with noted as (
    insert into notices (subject, is_failing, message, link, key)
    select
        change.subject,
        change.is_failing,
        change.message,
        change.link,
        coalesce(change.key, gen_random_uuid()) as key
    from (
        values (%(subject)s, %(is_failing)s, %(message)s, %(link)s, %(key)s::uuid)
    ) as change (subject, is_failing, message, link, key)
    where
        change.is_failing is distinct from coalesce(
            (
                select notices.is_failing
                from notices
                where notices.subject = change.subject
                order by notices.id desc
                limit 1
            ),
            false
        )
    on conflict (key) do nothing
    returning id
)

insert into outbox (notice_id)
select id
from noted
where not %(is_told)s;
