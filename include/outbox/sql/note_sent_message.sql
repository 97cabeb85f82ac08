-- Note that a message was taken.
-- Params:  id bigint
update messages
set
    sent_at = timezone('utc', clock_timestamp()),
    tries = tries + 1,
    failure = null
where id = %(id)s;
