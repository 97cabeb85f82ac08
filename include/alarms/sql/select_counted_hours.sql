-- The hours of which readings were ever counted, in order.
-- Returns: hour, readings
select
    hour,
    sum(readings)::bigint as readings
from touched_hours
where readings > 0
group by hour
order by hour;
