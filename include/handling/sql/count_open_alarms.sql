-- How many alarms are open, by severity and rule, critical first.
-- Returns: severity, rule, open, unacknowledged
select
    severity,
    rule,
    count(*) as open,
    count(*) filter (where acknowledged_at is null) as unacknowledged
from alarms
where state = 'open'
group by severity, rule
order by severity asc, rule asc;
