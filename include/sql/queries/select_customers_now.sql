-- How many customers are at each level now, and those at High with since when, newest first.
-- Params:  since timestamp (UTC): a customer whose newest reading is older is not counted
--          until timestamp (UTC): so are readings from clocks that are further ahead
--          most_readings int: no more of the newest readings are looked at
--          horizon timestamp (UTC); pause interval: High lasts while High readings come no further apart than
--          `pause`; it is followed back to `horizon` at most
--          most_followed int, most_shown int
-- Returns: normal, elevated, high, oldest_at (UTC), of all; customer_id, heart_rate, event_time, high_since,
--          one row a customer that is shown, or one of nulls
with recursive newest as (
    select
        customer_id,
        heart_rate,
        risk_level,
        event_time
    from heartbeats
    where event_time >= %(since)s and event_time < %(until)s
    order by event_time desc
    limit %(most_readings)s
),

customers as (
    select distinct on (customer_id)
        customer_id,
        heart_rate,
        risk_level,
        event_time
    from newest
    order by customer_id asc, event_time desc
),

totals as (
    select
        count(*) filter (where risk_level = 'Normal') as normal,
        count(*) filter (where risk_level = 'Elevated') as elevated,
        count(*) filter (where risk_level = 'High') as high,
        (select min(event_time) from newest) as oldest_at
    from customers
),

followed as (
    select
        customer_id,
        event_time as high_since
    from (
        select
            customer_id,
            event_time
        from customers
        where risk_level = 'High'
        order by event_time desc
        limit %(most_followed)s
    ) as at_high
    union all
    select
        followed.customer_id,
        earlier.event_time as high_since
    from followed
    cross join lateral (
        select heartbeats.event_time
        from heartbeats
        where
            heartbeats.customer_id = followed.customer_id
            and heartbeats.risk_level = 'High'
            and heartbeats.event_time >= followed.high_since - %(pause)s
            and heartbeats.event_time < followed.high_since
            and heartbeats.event_time >= %(horizon)s
            and heartbeats.event_time < %(until)s
        order by heartbeats.event_time
        limit 1
    ) as earlier
),

shown as (
    select
        customer_id,
        min(high_since) as high_since
    from followed
    group by customer_id
    order by high_since desc, customer_id asc
    limit %(most_shown)s
)

select
    totals.normal,
    totals.elevated,
    totals.high,
    totals.oldest_at,
    shown.customer_id,
    customers.heart_rate,
    customers.event_time,
    shown.high_since
from totals
left join shown on true
left join customers on shown.customer_id = customers.customer_id
order by shown.high_since desc, shown.customer_id asc;
