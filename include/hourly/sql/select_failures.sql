-- What kept an hour, or one customer's readings in it, from being published when it was last settled.
-- Params:  hour timestamp
-- Returns: rule, customer_id (null for the whole hour), observed, detail (null for the whole hour)
select
    results.expectation as rule,
    null::uuid as customer_id,
    coalesce(results.observed, 0) as observed,
    null as detail
from settled_hours
inner join quality_results as results
    on settled_hours.run_id = results.run_id and settled_hours.hour = results.hour
where
    settled_hours.hour = %(hour)s
    and settled_hours.state = 'withheld'
    and not results.passed
    and results.severity = 'critical'
union all
select
    rule,
    customer_id,
    observed,
    detail
from held_back_customers
where hour = %(hour)s
order by rule, customer_id;
