-- How many records waited, by the checks of each minute.
-- Params:  since, until timestamp (UTC), half-open
-- Returns: hour (null for all), checks, p50, p95, p99, most: records; null where no check could tell
select
    date_trunc('hour', checked_at) as hour,
    count(value) as checks,
    percentile_disc(0.5) within group (order by value) as p50,
    percentile_disc(0.95) within group (order by value) as p95,
    percentile_disc(0.99) within group (order by value) as p99,
    max(value) as most
from health_checks
where name = 'lag' and checked_at >= %(since)s and checked_at < %(until)s
group by grouping sets ((date_trunc('hour', checked_at)), ())
order by hour nulls last;
