-- How much of what their monitors should have sent the customers of each published hour, and of all of them, have sent.
-- Params:  since, until timestamp (UTC), half-open; min_coverage double precision: less is poor
-- Returns: hour (null for all), customers: those whose coverage is known; p10, p50; poor: how many
select
    hour,
    count(coverage) as customers,
    percentile_disc(0.1) within group (order by coverage)::double precision as p10,
    percentile_disc(0.5) within group (order by coverage)::double precision as p50,
    count(*) filter (where coverage < %(min_coverage)s::double precision) as poor
from customer_hourly
where hour >= %(since)s and hour < %(until)s
group by grouping sets ((hour), ())
order by hour nulls last;
