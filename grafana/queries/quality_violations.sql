-- Each expectation that the last run of the checks found violated in an hour of the range.
-- Params:  range_start, range_end timestamp (UTC)
select
    settled_hours.hour,
    quality_results.expectation,
    quality_results.severity,
    quality_results.observed,
    quality_results.at_least,
    quality_results.at_most
from settled_hours
inner join quality_results
    on settled_hours.run_id = quality_results.run_id and settled_hours.hour = quality_results.hour
where
    settled_hours.hour >= %(range_start)s - interval '1 hour'
    and settled_hours.hour < %(range_end)s
    and not quality_results.passed
order by settled_hours.hour desc, quality_results.severity asc, quality_results.expectation asc
limit 200;
