-- How many alarms are open, by severity, critical first.
-- Returns: severity, open, unacknowledged
select
    severity,
    count(*) as open,
    count(*) filter (where acknowledged_at is null) as unacknowledged
from alarms
where state = 'open'
group by severity
order by severity;
