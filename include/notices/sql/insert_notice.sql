-- Record a subject's state unless it was the same before; a subject without a notice is fine.
-- Params:  subject, message text; is_failing bool; link text or null; is_sent bool: it was told already
insert into notices (subject, is_failing, message, link, sent_at)
select
    change.subject,
    change.is_failing,
    change.message,
    change.link,
    case when change.is_sent then timezone('utc', clock_timestamp()) end as sent_at
from (
    values (%(subject)s, %(is_failing)s, %(message)s, %(link)s, %(is_sent)s)
) as change (subject, is_failing, message, link, is_sent)
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
    );
