-- The mean heart rates of the published hours of a time range.
-- Params:  since, before timestamp, half-open
select
    hour,
    mean_bpm::float as mean_bpm
from settled_hours
where hour >= %(since)s and hour < %(before)s and state = 'published' and mean_bpm is not null;
