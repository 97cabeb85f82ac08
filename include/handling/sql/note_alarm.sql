-- Write a note to an alarm; what was noted before stays in its transitions.
-- Params:  id bigint; actor, note text
-- Returns: key: of the transition; no row if there is no such alarm
with noted as (
    update alarms
    set note = %(note)s
    where id = %(id)s
    returning id, onset, opened, cleared
)

insert into alarm_events (alarm_id, number, kind, onset, opened, cleared, actor, detail)
select
    noted.id,
    (
        select max(alarm_events.number) + 1
        from alarm_events
        where alarm_events.alarm_id = noted.id
    ) as number,
    'noted' as kind,
    noted.onset,
    noted.opened,
    noted.cleared,
    %(actor)s,
    %(note)s
from noted
returning key;
