-- The hours that ended by then and are not published as they stand: new, late, withheld, or without any row at all.
-- Params:  before timestamp: the end of the last hour
-- Returns: hour, readings: about how many it holds, in order
with first as (
    select min(hour) as hour from hour_status
),

known as (
    select generate_series(first.hour, %(before)s - interval '1 hour', interval '1 hour') as hour
    from first
)

select
    known.hour,
    coalesce(hour_status.readings + hour_status.unsettled_readings, 0) as readings
from known
left join hour_status using (hour)
where coalesce(hour_status.state, 'open') <> 'published'
order by known.hour;
