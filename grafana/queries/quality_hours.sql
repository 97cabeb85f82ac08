-- The range's hours with their state at this instant, newest first, and the expectations that the last run of the
-- checks found violated.
-- Params:  range_start, range_end timestamp (UTC)
select
    hour_status.hour,
    hour_status.state,
    hour_status.reason,
    failed.expectations as violated,
    hour_status.readings,
    hour_status.unsettled_readings,
    hour_status.revision,
    hour_status.settled_at,
    quality_runs.docs_page
from hour_status
left join quality_runs on hour_status.run_id = quality_runs.id
left join
    lateral (
        select string_agg(quality_results.expectation, ', ' order by quality_results.expectation) as expectations
        from quality_results
        where
            quality_results.hour = hour_status.hour
            and quality_results.run_id = hour_status.run_id
            and not quality_results.passed
    ) as failed on true
where hour_status.hour >= %(range_start)s - interval '1 hour' and hour_status.hour < %(range_end)s
order by hour_status.hour desc
limit 200;
