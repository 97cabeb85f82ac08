-- Note that a message was not taken: it is tried again later, and later each time, at least once an hour.
-- Params:  id bigint; failure text
update messages
set
    tries = tries + 1,
    failure = %(failure)s,
    next_try_at = timezone('utc', clock_timestamp()) + make_interval(secs => least(5 * 2 ^ least(tries, 12), 3600))
where id = %(id)s;
