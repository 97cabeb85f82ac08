-- The published readings of each hour by risk level.
-- Params:  since timestamp (UTC)
-- Returns: hour, normal, elevated, high; oldest first
select
    hour,
    sum(readings) filter (where risk_level = 'Normal')::bigint as normal,
    sum(readings) filter (where risk_level = 'Elevated')::bigint as elevated,
    sum(readings) filter (where risk_level = 'High')::bigint as high
from risk_hourly
where hour >= %(since)s
group by hour
order by hour;
