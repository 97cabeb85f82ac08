-- All alarms, with when the first of each was stored and whether anybody was told of it.
-- Returns: customer_id, rule, onset, cleared, state, stored_at, was_told
select
    alarms.customer_id,
    alarms.rule,
    alarms.onset,
    alarms.cleared,
    alarms.state,
    opening.recorded_at as stored_at,
    exists(
        select from alarm_told
        where alarm_told.alarm_id = alarms.id
    ) as was_told
from alarms
inner join alarm_events as opening on alarms.id = opening.alarm_id and opening.number = 1;
