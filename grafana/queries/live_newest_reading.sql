-- Age of the newest reading in seconds; null where none was taken in the day before the range's end.
-- Params:  range_end timestamp (UTC)
select extract(epoch from %(range_end)s - max(event_time)) as newest_reading
from heartbeats
where event_time > %(range_end)s - interval '1 day' and event_time <= %(range_end)s;
