-- The alarms that stand, by the hour in which they opened.
-- Params:  since, until timestamp (UTC), half-open
-- Returns: hour, warning, critical
select
    date_trunc('hour', opened) as hour,
    count(*) filter (where severity = 'warning') as warning,
    count(*) filter (where severity = 'critical') as critical
from alarms
where opened >= %(since)s and opened < %(until)s and state <> 'retracted'
group by hour
order by hour;
