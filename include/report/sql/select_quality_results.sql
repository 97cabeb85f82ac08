-- What the newest checks of one hour found, worst first.
-- Params:  hour  timestamp (UTC)
select
    expectation,
    severity,
    passed,
    observed
from quality_results
where
    hour = %(hour)s
    and run_id = (
        select max(run_id) from quality_results
        where hour = %(hour)s
    )
order by passed, severity, expectation;
