-- The hours that ended by `before` and are not published as they stand: new, late or withheld. They are found by their
-- counters, not by a range of time, so a reading with an absurd time costs one hour and no more.
-- Params:  before timestamp: the end of the last hour
-- Returns: hour, readings (roughly how many it holds); in order
select
    hour,
    readings + unsettled_readings as readings
from hour_status
where state <> 'published' and hour < %(before)s
order by hour;
