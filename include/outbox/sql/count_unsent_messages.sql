-- How many messages wait to be sent to each channel.
-- Returns: channel, messages
select
    channel,
    count(*) as messages
from messages
where sent_at is null and given_up_at is null
group by channel;
