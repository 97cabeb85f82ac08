-- The messages of the last minute, in the order in which they were sent.
-- Returns: channel; seconds_ago double precision
with timed as (
    select
        channel,
        extract(epoch from timezone('utc', clock_timestamp()) - sent_at)::double precision as seconds_ago
    from messages
    where sent_at is not null
)

select
    channel,
    seconds_ago
from timed
where seconds_ago < 60
order by seconds_ago desc;
