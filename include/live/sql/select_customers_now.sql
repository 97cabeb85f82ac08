-- How many customers are at each level now, and those at High with since when, newest first. The live page and
-- Grafana both ask this very query, so they show one number.
-- How:     `heard` reads the newest readings once, from the key's newest slot back, so that only one is sorted at a
--          time. A customer is at the level whose newest time is the newest of all, so three maxima are enough, without
--          a sort per customer. `followed` goes back in leaps: each step takes the
--          earliest High reading within `pause` of the last one, by the index, not reading by reading. The last join
--          repeats the window, since only constants let the planner leave out the days beyond it.
-- Params:  at timestamp (UTC): readings up to then count, so not those of clocks that are ahead;
--          window_length interval: a customer whose newest reading is older is not counted;
--          most_readings int: no more of the newest readings are looked at;
--          horizon, pause interval: High lasts while High readings come no further apart than `pause`, and is followed
--          back by `horizon` at most;
--          most_followed int, most_shown int
-- Returns: normal, elevated, high, reach_seconds: of the customers heard so lately, is_whole: which is the window,
--          followed: of how many at High it was found out since when; customer_id, heart_rate, event_time, high_since,
--          one row per customer that is shown, or one of nulls
with recursive heard as (
    select
        customer_id,
        count(*) as readings,
        min(event_time) as first_at,
        max(event_time) as newest_at,
        max(event_time) filter (where risk_level = 'Elevated') as elevated_at,
        max(event_time) filter (where risk_level = 'High') as high_at
    from (
        select latest.*
        from generate_series(slot_of(%(at)s), slot_of(%(at)s - %(window_length)s), -slot_length()) as slots (slot)
        cross join
            lateral (
                select
                    heartbeats.customer_id,
                    heartbeats.risk_level,
                    heartbeats.event_time
                from heartbeats
                where
                    slot_of(heartbeats.event_time) = slots.slot
                    -- Leaves the other days out of the plan.
                    and heartbeats.event_time >= date_trunc('day', %(at)s - %(window_length)s)
                    and heartbeats.event_time < date_trunc('day', %(at)s) + interval '1 day'
                order by heartbeats.event_time desc
            ) as latest
        -- Within coalesce the planner does not reckon that this leaves only a few of a slot's readings: these it would
        -- sort by customer.
        where coalesce(latest.event_time > %(at)s - %(window_length)s and latest.event_time <= %(at)s, false)
        -- In the order of the slots: an order by both would sort all of them together.
        limit %(most_readings)s -- noqa: AM09
    ) as newest
    group by customer_id
),

totals as (
    select
        count(*) filter (where newest_at = elevated_at) as elevated,
        count(*) filter (where newest_at = high_at) as high,
        count(*) as customers,
        coalesce(sum(readings) < %(most_readings)s, true) as is_whole,
        min(first_at) as first_at
    from heard
),

at_high as (
    select
        customer_id,
        newest_at
    from heard
    where newest_at = high_at
    order by newest_at desc
    limit %(most_followed)s
),

followed as (
    select
        customer_id,
        newest_at,
        newest_at as high_since
    from at_high
    union all
    select
        followed.customer_id,
        followed.newest_at,
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
            and heartbeats.event_time >= %(at)s - %(horizon)s
            and heartbeats.event_time <= %(at)s
        order by heartbeats.event_time
        limit 1
    ) as earlier
),

shown as (
    select
        customer_id,
        newest_at,
        min(high_since) as high_since
    from followed
    group by customer_id, newest_at
    order by high_since desc, customer_id asc
    limit %(most_shown)s
)

select
    totals.customers - totals.elevated - totals.high as normal,
    totals.elevated,
    totals.high,
    extract(
        epoch from case when totals.is_whole then %(window_length)s else %(at)s - totals.first_at end
    )::float as reach_seconds,
    totals.is_whole,
    (select count(*) from at_high) as followed,
    shown.customer_id,
    newest.heart_rate,
    newest.event_time,
    shown.high_since
from totals
left join shown on true
left join lateral (
    select
        heartbeats.heart_rate,
        heartbeats.event_time
    from heartbeats
    where
        slot_of(heartbeats.event_time) = slot_of(shown.newest_at)
        and heartbeats.event_time = shown.newest_at
        and heartbeats.customer_id = shown.customer_id
        and heartbeats.event_time > %(at)s - %(window_length)s
        and heartbeats.event_time <= %(at)s
) as newest on true
order by shown.high_since desc, shown.customer_id asc;
