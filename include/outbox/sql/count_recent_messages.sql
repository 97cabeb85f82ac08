-- How many messages were planned for each channel in the last minute.
-- Returns: channel, messages
select
    channel,
    count(*) as messages
from messages
where planned_at > timezone('utc', clock_timestamp()) - interval '1 minute'
group by channel;
