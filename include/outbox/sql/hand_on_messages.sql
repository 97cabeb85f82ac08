-- Hand on what waits for a channel that is gone: alarms to the first channel, unless somebody who is there was told of
-- them, notices to whoever is told of these. What is gone with its readings is told to nobody any more.
-- Params:  channels int[]: those that there are, the one for notices first; alarm_channels int[]: those for alarms
-- Returns: messages, how many were handed on
with untold as (
    select
        messages.id,
        messages.alarm_ids,
        case
            when messages.alarm_ids = '{}' then (%(channels)s::int[])[1]
            else (%(alarm_channels)s::int[])[1]
        end as heir
    from messages
    where
        messages.sent_at is null
        and messages.given_up_at is null
        and messages.channel <> all(%(channels)s::int[])
        and (
            messages.alarm_ids = '{}'
            or exists (
                select from alarms
                where
                    alarms.id = any(messages.alarm_ids)
                    and not exists (
                        select from alarm_told
                        where
                            alarm_told.alarm_id = alarms.id
                            and alarm_told.channel = any(%(alarm_channels)s::int[])
                    )
            )
        )
),

told as (
    update alarm_told
    set channel = untold.heir
    from untold
    where
        alarm_told.alarm_id = any(untold.alarm_ids)
        and alarm_told.channel <> all(%(alarm_channels)s::int[])
        and untold.heir is not null
),

handed_on as (
    update messages
    set
        channel = untold.heir,
        tries = 0,
        failure = null,
        next_try_at = timezone('utc', clock_timestamp())
    from untold
    where messages.id = untold.id and untold.heir is not null
    returning messages.id
)

select count(*) as messages
from handed_on;
