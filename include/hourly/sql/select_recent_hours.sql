-- The newest hours: the state of each, what its last checks found, and where to read more.
-- Params:  since timestamp (UTC); most int
-- Returns: hour, state, reason, readings, unsettled_readings, revision, settled_at; checks, failed_checks, warnings
--          (null where never checked); held_back: how many customers; accepted_by, accepted_at, accepted_reason: the
--          last person who accepted what failed (null where nobody did, or it is over); docs_page, workflow_run (null
--          where unknown); newest first
select
    hours.hour,
    hours.state,
    hours.reason,
    hours.readings,
    hours.unsettled_readings,
    hours.revision,
    hours.settled_at,
    results.checks,
    results.failed_checks,
    results.warnings,
    held.held_back,
    hours.accepted_by,
    hours.accepted_at,
    hours.accepted_reason,
    quality_runs.docs_page,
    quality_runs.workflow_run
from (
    select *
    from hour_status
    where hour >= %(since)s
    order by hour desc
    limit %(most)s
) as hours
left join quality_runs on hours.run_id = quality_runs.id
left join lateral (
    select
        count(*) as checks,
        count(*) filter (
            where not quality_results.passed and quality_results.severity = 'critical'
        ) as failed_checks,
        count(*) filter (
            where not quality_results.passed and quality_results.severity = 'warning'
        ) as warnings
    from quality_results
    where quality_results.run_id = hours.run_id and quality_results.hour = hours.hour
) as results on hours.run_id is not null
left join lateral (
    select count(distinct held_back_customers.customer_id) as held_back
    from held_back_customers
    where held_back_customers.hour = hours.hour
) as held on true
order by hours.hour desc;
