-- Age of the newest reading in seconds; null where none was taken in the day before the range's end.
-- Params:  range_end timestamp (UTC)
select
    extract(
        epoch from %(range_end)s - case when newest > %(range_end)s - interval '1 day' then newest end
    ) as newest_reading
from newest_reading(%(range_end)s) as newest;
