-- Channels for which a message was planned in the last minute.
-- Returns: channel
select distinct channel
from messages
where planned_at > timezone('utc', clock_timestamp()) - interval '1 minute';
