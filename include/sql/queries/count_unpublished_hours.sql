-- The ended hours whose summary is missing or behind, and since when the longest waits: a withheld one since its end,
-- any other since it got the readings that are not summed up yet.
-- Returns: hour_count, withheld_count, waiting_since (UTC)
select
    count(*) as hour_count,
    count(*) filter (where state = 'withheld') as withheld_count,
    min(waiting_since) as waiting_since
from (
    select
        hour_status.state,
        greatest(
            hour_status.hour + interval '1 hour',
            case when hour_status.state <> 'withheld' then noted.first_noted_at end
        ) as waiting_since
    from hour_status
    left join (
        select
            hour,
            min(noted_at) as first_noted_at
        from touched_hours
        group by hour
    ) as noted on hour_status.hour = noted.hour
    where hour_status.state <> 'published'
) as waiting
where waiting_since < timezone('utc', clock_timestamp());
