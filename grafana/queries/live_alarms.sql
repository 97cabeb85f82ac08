-- How many alarms are open now, whatever the range is.
select
    count(*) filter (where severity = 'critical') as critical,
    count(*) filter (where severity = 'warning') as warning,
    count(*) filter (where acknowledged_at is null) as unacknowledged
from alarms
where state = 'open' and severity in ('critical', 'warning');
