-- Let an open alarm rest for a while, and with it its rule for this customer (outbox/select_outbox.sql).
-- Params:  id bigint; actor text; seconds double precision
-- Returns: key: of the transition; no row if there is no such alarm, or it is over
with resting as (
    update alarms
    set snoozed_until = timezone('utc', clock_timestamp()) + make_interval(secs => %(seconds)s)
    where id = %(id)s and state = 'open'
    returning id, onset, opened, cleared, snoozed_until
)

insert into alarm_events (alarm_id, number, kind, onset, opened, cleared, actor, detail)
select
    resting.id,
    (
        select max(alarm_events.number) + 1
        from alarm_events
        where alarm_events.alarm_id = resting.id
    ) as number,
    'snoozed' as kind,
    resting.onset,
    resting.opened,
    resting.cleared,
    %(actor)s,
    'until ' || to_char(resting.snoozed_until, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as detail
from resting
returning key;
