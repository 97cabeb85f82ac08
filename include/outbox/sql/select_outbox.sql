-- Transitions of alarms that wait to be told, in order, each with its alarm and the channels that were told of it. An
-- alarm rests while it, or an earlier one of the same customer and rule, is snoozed. Only a silence has no peak.
-- A silence that was found late is left out for as long again as its rule is patient, but two minutes at most: the last
-- reading has only just come, or the stream had fallen behind, and what comes next may be the readings in between.
-- Params:  most int
select
    outbox.id as outbox_id,
    alarm_events.key,
    alarm_events.kind,
    alarm_events.recorded_at,
    alarm_events.onset,
    alarm_events.opened,
    alarm_events.cleared,
    alarms.id as alarm_id,
    alarms.customer_id,
    alarms.rule,
    alarms.severity,
    alarms.peak_bpm,
    coalesce((
        select max(resting.snoozed_until)
        from alarms as resting
        where resting.customer_id = alarms.customer_id and resting.rule = alarms.rule
    ) > timezone('utc', clock_timestamp()), false) as is_snoozed,
    alarms.peak_bpm is null and alarms.state <> 'open' as is_past_silence,
    array(
        select distinct alarm_told.channel
        from alarm_told
        where alarm_told.alarm_id = alarms.id
        order by alarm_told.channel
    ) as channels
from outbox
inner join alarm_events on outbox.event_id = alarm_events.id
inner join alarms on alarm_events.alarm_id = alarms.id
inner join alarm_events as opening on alarms.id = opening.alarm_id and opening.number = 1
where not (
    alarms.peak_bpm is null
    and alarms.state = 'open'
    and opening.recorded_at > opening.opened + interval '30 seconds'
    and opening.recorded_at + least(opening.opened - opening.onset, interval '2 minutes')
    > timezone('utc', clock_timestamp())
)
order by outbox.id
limit %(most)s;
