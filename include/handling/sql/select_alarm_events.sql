-- What has happened to an alarm, in order.
-- Params:  alarm_id bigint
select
    number,
    kind,
    onset,
    opened,
    cleared,
    actor,
    detail,
    recorded_at,
    key
from alarm_events
where alarm_id = %(alarm_id)s
order by number;
