-- Critical alarms that are open and have not been acknowledged since they were told: to be told again. And those that
-- opened while their rule rested, so that nobody was told, once it rests no more.
-- Params:  repeat_seconds double precision: after this long; most int
-- Returns: as select_outbox.sql, without a place in the outbox; channels has an entry for each time that it was told
select
    null::bigint as outbox_id,
    opening.key,
    'reminder' as kind,
    opening.recorded_at,
    alarms.onset,
    alarms.opened,
    alarms.cleared,
    alarms.id as alarm_id,
    alarms.customer_id,
    alarms.rule,
    alarms.severity,
    alarms.peak_bpm,
    false as is_snoozed,
    false as is_past_silence,
    coalesce(told.channels, '{}') as channels
from alarms
inner join alarm_events as opening on alarms.id = opening.alarm_id and opening.number = 1
cross join lateral (
    select
        array_agg(alarm_told.channel order by alarm_told.told_at) as channels,
        max(alarm_told.told_at) as told_at
    from alarm_told
    where alarm_told.alarm_id = alarms.id
) as told
where
    alarms.state = 'open'
    and alarms.severity = 'critical'
    and alarms.acknowledged_at is null
    and not exists (
        select from alarms as resting
        where
            resting.customer_id = alarms.customer_id
            and resting.rule = alarms.rule
            and resting.snoozed_until > timezone('utc', clock_timestamp())
    )
    and (
        told.told_at <= timezone('utc', clock_timestamp()) - make_interval(secs => %(repeat_seconds)s)
        or (
            told.told_at is null
            and not exists (
                select from outbox
                where outbox.event_id = opening.id
            )
            and exists (
                select from alarms as rested
                where
                    rested.customer_id = alarms.customer_id
                    and rested.rule = alarms.rule
                    and rested.snoozed_until > opening.recorded_at
            )
        )
    )
order by alarms.id
limit %(most)s;
