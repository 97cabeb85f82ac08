-- The ended hours whose summary is missing or behind, and since when the longest waits: a withheld one since its end,
-- any other since it got the readings that are not summed up yet.
-- Returns: hour_count, withheld_count, waiting_since (UTC)
select
    count(*) as hour_count,
    count(*) filter (where state = 'withheld') as withheld_count,
    min(waiting_since) as waiting_since
from (
    select
        state,
        greatest(hour + interval '1 hour', case when state <> 'withheld' then unsettled_since end) as waiting_since
    from hour_status
    where state <> 'published'
) as waiting
where waiting_since < timezone('utc', clock_timestamp());
