-- Readings of each settled hour.
-- Params:  range_start, range_end timestamp (UTC)
select
    hour as time,
    readings
from settled_hours
where hour >= %(range_start)s - interval '1 hour' and hour < %(range_end)s
order by hour;
