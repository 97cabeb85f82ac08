-- The oldest notices that nobody has accepted yet.
-- Params:  most int
-- Returns: id, subject, is_failing, message, link, noted_at (UTC), in order
select
    id,
    subject,
    is_failing,
    message,
    link,
    noted_at
from notices
where sent_at is null
order by id
limit %(most)s;
