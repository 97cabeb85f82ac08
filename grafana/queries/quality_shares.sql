-- Of each settled hour: the share of its records that were rejected, and of its customers that were poorly covered.
-- Params:  range_start, range_end timestamp (UTC)
select
    settled_hours.hour as time,
    hour_facts.quarantine_share as rejected_records,
    hour_facts.poorly_covered_share as poorly_covered_customers
from settled_hours
inner join hour_facts on settled_hours.run_id = hour_facts.run_id and settled_hours.hour = hour_facts.hour
where settled_hours.hour >= %(range_start)s - interval '1 hour' and settled_hours.hour < %(range_end)s
order by settled_hours.hour;
