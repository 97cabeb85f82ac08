-- Measure each hour of a group, after insert_summed in the same snapshot.
-- Params:  hours timestamp[]; min_coverage float; min_records bigint: the fewest records to take a share of
-- Returns: the columns of hour_facts but the drift, and mean_bpm; one row an hour, in order
with hours as (
    select unnest(%(hours)s::timestamp[]) as hour
),

summed as (
    select
        hour,
        sum(readings)::bigint as readings,
        sum(total_bpm)::numeric / sum(readings) as mean_bpm,
        sum(null_values)::bigint as null_values,
        sum(out_of_range)::bigint as out_of_range,
        sum(wrong_levels)::bigint as wrong_levels,
        sum(repeated_readings)::bigint as repeated_readings,
        sum(outside_hour)::bigint as outside_hour,
        sum(early_readings)::bigint as early_readings,
        avg((coverage < %(min_coverage)s)::int)::float as poorly_covered_share
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
        on heartbeats.event_time >= hours.hour and heartbeats.event_time < hours.hour + interval '1 hour'
    group by hours.hour
),

-- A rejected record that was sent again counts no longer: it has a second outcome.
rejected as (
    select
        hours.hour,
        count(*) as quarantined
    from hours
    inner join dead_letters
        on
            dead_letters.kafka_timestamp >= hours.hour
            and dead_letters.kafka_timestamp < hours.hour + interval '1 hour'
    where dead_letters.replayed_at is null
    group by hours.hour
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
        coalesce(rejected.quarantined, 0) as quarantined
    from hours
    left join summed on hours.hour = summed.hour
    left join touched on hours.hour = touched.hour
    left join rejected on hours.hour = rejected.hour
)

select
    counted.hour,
    counted.readings,
    counted.ledger_readings,
    counted.readings - counted.ledger_readings as ledger_difference,
    coalesce(summed.null_values, 0) as null_values,
    coalesce(summed.out_of_range, 0) as out_of_range,
    coalesce(summed.wrong_levels, 0) as wrong_levels,
    coalesce(summed.repeated_readings, 0) as repeated_readings,
    coalesce(summed.outside_hour, 0) as outside_hour,
    coalesce(summed.early_readings, 0) as early_readings,
    extract(epoch from delays.delay_p95)::float as delay_p95_seconds,
    counted.quarantined,
    case
        when counted.readings + counted.quarantined >= %(min_records)s
            then counted.quarantined::float / (counted.readings + counted.quarantined)
    end as quarantine_share,
    summed.poorly_covered_share,
    summed.mean_bpm::float as mean_bpm
from counted
left join summed on counted.hour = summed.hour
left join delays on counted.hour = delays.hour
order by counted.hour;
