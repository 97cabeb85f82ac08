-- Give up what waits for a channel that there is no more.
-- Params:  channels int[]: those that there are; failure text
update messages
set
    given_up_at = timezone('utc', clock_timestamp()),
    failure = %(failure)s
where
    sent_at is null
    and given_up_at is null
    and channel <> all(%(channels)s::int[]);
