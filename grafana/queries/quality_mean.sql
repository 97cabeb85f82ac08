-- Mean heart rate of each settled hour; a jump in it is what the drift expectation watches.
-- Params:  range_start, range_end timestamp (UTC)
select
    hour as time,
    mean_bpm as mean
from settled_hours
where hour >= %(range_start)s - interval '1 hour' and hour < %(range_end)s
order by hour;
