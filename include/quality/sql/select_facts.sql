-- Measure each hour of a group, after create_summed, create_rejected and mark_held_back in the same snapshot. Mean and
-- coverage leave out customers who are held back, since they describe what is published. Early readings are counted in
-- all rows, since being held back is no excuse for the pipeline.
-- Params:  hours timestamp[]; min_coverage double precision; min_records bigint: of fewer no share is taken
-- Returns: the columns of HourFacts except the drift; one row per hour, in order
with hours as (
    select unnest(%(hours)s::timestamp[]) as hour
),

summed as (
    select
        hour,
        sum(readings)::bigint as readings,
        (sum(total_bpm) filter (where not is_held_back))::numeric
        / sum(readings) filter (where not is_held_back) as mean_bpm,
        sum(early_readings)::bigint as early_readings,
        (avg((coverage < %(min_coverage)s)::int) filter (where not is_held_back))::float as poorly_covered_share
    from summed_readings
    group by hour
),

delays as (
    select
        hours.hour,
        percentile_disc(0.95) within group (
            order by heartbeats.ingested_at - heartbeats.event_time
        ) as delay_p95
    from hours
    inner join heartbeats
        on
            heartbeats.event_time >= hours.hour
            and heartbeats.event_time < hours.hour + interval '1 hour'
            and slot_of(heartbeats.event_time) >= hours.hour
            and slot_of(heartbeats.event_time) < hours.hour + interval '1 hour'
    group by hours.hour
),

rejected as (
    select
        hour,
        (sum(records) filter (where customer_id is not null))::bigint as quarantined,
        (sum(records) filter (where customer_id is null))::bigint as unnamed
    from rejected_records
    group by hour
),

held as (
    select
        hour,
        count(distinct customer_id) as held_back
    from held_back_customers
    where hour = any(%(hours)s)
    group by hour
),

touched as (
    select
        hour,
        sum(readings)::bigint as readings
    from touched_hours
    where hour = any(%(hours)s)
    group by hour
),

counted as (
    select
        hours.hour,
        coalesce(summed.readings, 0) as readings,
        coalesce(touched.readings, 0) as ledger_readings,
        coalesce(rejected.quarantined, 0) as quarantined,
        coalesce(rejected.unnamed, 0) as unnamed,
        coalesce(held.held_back, 0) as held_back
    from hours
    left join summed on hours.hour = summed.hour
    left join touched on hours.hour = touched.hour
    left join rejected on hours.hour = rejected.hour
    left join held on hours.hour = held.hour
)

select
    counted.hour,
    counted.readings,
    counted.ledger_readings,
    counted.readings - counted.ledger_readings as ledger_difference,
    coalesce(summed.early_readings, 0) as early_readings,
    extract(epoch from delays.delay_p95)::float as delay_p95_seconds,
    counted.quarantined,
    case
        when counted.readings + counted.quarantined >= %(min_records)s
            then counted.quarantined::float / (counted.readings + counted.quarantined)
    end as quarantine_share,
    counted.unnamed,
    case
        when counted.readings + counted.quarantined + counted.unnamed >= %(min_records)s
            then counted.unnamed::float / (counted.readings + counted.quarantined + counted.unnamed)
    end as unnamed_share,
    counted.held_back,
    summed.poorly_covered_share,
    summed.mean_bpm::float as mean_bpm
from counted
left join summed on counted.hour = summed.hour
left join delays on counted.hour = delays.hour
order by counted.hour;
