-- The hours of a run that the checks found otherwise than the run by which they stand.
-- Params:  run_id bigint
-- Returns: hour
with found as (
    select
        hour,
        expectation,
        severity,
        passed,
        observed,
        at_least,
        at_most
    from quality_results
    where run_id = %(run_id)s
),

known as (
    select
        results.hour,
        results.expectation,
        results.severity,
        results.passed,
        results.observed,
        results.at_least,
        results.at_most
    from hour_facts
    inner join settled_hours on hour_facts.hour = settled_hours.hour
    inner join quality_results as results
        on settled_hours.run_id = results.run_id and settled_hours.hour = results.hour
    where hour_facts.run_id = %(run_id)s
),

differences as (
    (
        select * from found
        except
        select * from known
    )
    union all
    (
        select * from known
        except
        select * from found
    )
)

select distinct hour from differences;
