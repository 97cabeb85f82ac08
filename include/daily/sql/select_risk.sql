-- The readings of each published hour by risk level.
-- Params:  since, until timestamp (UTC), half-open
-- Returns: hour, normal, elevated, high
select
    hour,
    coalesce(sum(readings) filter (where risk_level = 'Normal'), 0)::bigint as normal,
    coalesce(sum(readings) filter (where risk_level = 'Elevated'), 0)::bigint as elevated,
    coalesce(sum(readings) filter (where risk_level = 'High'), 0)::bigint as high
from risk_hourly
where hour >= %(since)s and hour < %(until)s
group by hour
order by hour;
