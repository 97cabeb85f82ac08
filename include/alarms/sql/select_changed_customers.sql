-- Whose alarms the evaluator has changed since its memory was last kept. Some minutes more, since clocks are set.
select distinct alarms.customer_id
from alarm_events
inner join alarms on alarm_events.alarm_id = alarms.id
where
    alarm_events.actor is null
    and alarm_events.recorded_at >= coalesce(
        (select min(alarm_memory.kept_at) - interval '5 minutes' from alarm_memory), '-infinity'
    );
