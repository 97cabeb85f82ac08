-- The open alarms, critical ones first, then the newest.
select
    severity,
    rule,
    customer_id::text as customer,
    onset,
    peak_bpm,
    acknowledged_by
from alarms
where state = 'open' and severity in ('critical', 'warning')
order by severity asc, opened desc, id desc
limit 50;
