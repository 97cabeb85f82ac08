-- The hours that are withheld.
-- Returns: hour (UTC), reason; the oldest first
select
    hour,
    coalesce(reason, 'no reason was kept') as reason
from hour_status
where state = 'withheld'
order by hour;
