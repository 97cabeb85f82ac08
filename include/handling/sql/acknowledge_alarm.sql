-- Note that a person has seen an open alarm.
-- Params:  id bigint; actor text; note text, or null
-- Returns: key: of the transition; no row if there is no such alarm, or it is over
with seen as (
    update alarms
    set
        acknowledged_by = %(actor)s,
        acknowledged_at = timezone('utc', clock_timestamp()),
        note = coalesce(%(note)s, note)
    where id = %(id)s and state = 'open'
    returning id, onset, opened, cleared
)

insert into alarm_events (alarm_id, number, kind, onset, opened, cleared, actor, detail)
select
    seen.id,
    (
        select max(alarm_events.number) + 1
        from alarm_events
        where alarm_events.alarm_id = seen.id
    ) as number,
    'acknowledged' as kind,
    seen.onset,
    seen.opened,
    seen.cleared,
    %(actor)s,
    %(note)s
from seen
returning key;
