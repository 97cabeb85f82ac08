-- In how many hours each expectation failed, day by day, as the hours were settled last.
-- Params:  since, until timestamp (UTC), half-open
-- Returns: expectation, severity, day, judged, failed (hours); least, most: what was observed
select
    results.expectation,
    results.severity,
    results.hour::date as day,
    count(*) filter (where coalesce(results.judged, results.observed is not null)) as judged,
    count(*) filter (where not results.passed) as failed,
    min(results.observed) as least,
    max(results.observed) as most
from settled_hours
inner join quality_results as results
    on settled_hours.run_id = results.run_id and settled_hours.hour = results.hour
where settled_hours.hour >= %(since)s and settled_hours.hour < %(until)s
group by results.expectation, results.severity, results.hour::date
order by results.severity, results.expectation, day;
