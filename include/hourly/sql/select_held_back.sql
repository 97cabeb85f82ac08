-- The customers held back, newest hours first.
-- Params:  since, until timestamp (UTC), half-open; most int
-- Returns: hour, customer_id, readings, rejected, detail
select
    hour,
    customer_id,
    max(readings) as readings,
    max(rejected) as rejected,
    string_agg(detail, '; ' order by rule) as detail
from held_back_customers
where hour >= %(since)s and hour < %(until)s
group by hour, customer_id
order by hour desc, rejected desc, customer_id asc
limit %(most)s;
