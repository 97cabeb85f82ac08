-- Notices that wait to be told, in order.
-- Params:  most int
select
    outbox.id as outbox_id,
    notices.key,
    notices.id as number,
    notices.subject,
    notices.is_failing,
    notices.message,
    notices.link,
    notices.noted_at
from outbox
inner join notices on outbox.notice_id = notices.id
order by outbox.id
limit %(most)s;
