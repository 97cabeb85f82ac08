-- How late the readings of each settled hour were stored: 95 of 100 within this time of being taken.
-- Params:  range_start, range_end timestamp (UTC)
select
    settled_hours.hour as time,
    hour_facts.delay_p95_seconds as delay_p95
from settled_hours
inner join hour_facts on settled_hours.run_id = hour_facts.run_id and settled_hours.hour = hour_facts.hour
where settled_hours.hour >= %(range_start)s - interval '1 hour' and settled_hours.hour < %(range_end)s
order by settled_hours.hour;
