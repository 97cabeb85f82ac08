-- Which of these hours were settled before retention dropped their day's readings.
-- Params:  hours timestamp[]
select settled_hours.hour
from settled_hours
where
    settled_hours.hour = any(%(hours)s)
    and exists (
        select from retention_log
        where retention_log.parent = 'heartbeats' and retention_log.day = settled_hours.hour::date
    );
