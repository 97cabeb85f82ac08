-- The share of each risk level in each published hour.
-- Params:  range_start, range_end timestamp (UTC)
select
    hour as time,
    sum(readings) filter (where risk_level = 'Normal') / nullif(sum(readings), 0) as normal,
    sum(readings) filter (where risk_level = 'Elevated') / nullif(sum(readings), 0) as elevated,
    sum(readings) filter (where risk_level = 'High') / nullif(sum(readings), 0) as high
from risk_hourly
where hour >= %(range_start)s - interval '1 hour' and hour < %(range_end)s
group by hour
order by hour;
