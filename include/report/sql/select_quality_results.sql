-- What the checks found in one hour, as it stands, worst first.
-- Params:  hour  timestamp (UTC)
select
    results.expectation,
    results.severity,
    results.passed,
    results.observed
from settled_hours
inner join quality_results as results
    on settled_hours.run_id = results.run_id and settled_hours.hour = results.hour
where settled_hours.hour = %(hour)s
order by results.passed, results.severity, results.expectation;
