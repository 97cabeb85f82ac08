-- The hours that ended by then and are not published as they stand: new, late or withheld. Found from what was touched,
-- so that what one reading claims about its time costs one hour.
-- Params:  before timestamp: the end of the last hour
-- Returns: hour, readings: about how many it holds, in order
select
    hour,
    readings + unsettled_readings as readings
from hour_status
where state <> 'published' and hour < %(before)s
order by hour;
