-- Sum the readings of a group of hours per customer and hour, and count what is wrong with them.
-- Params:  hours timestamp[]; spans jsonb: the risk policies' bands, each with the time (since, until] that it was
--          in force; min_bpm, max_bpm int; max_skew_seconds int
with spans as (
    select *
    from jsonb_to_recordset(%(spans)s) as span (
        since timestamp,
        until timestamp,
        high_at_most_bpm int,
        elevated_at_most_bpm int,
        elevated_at_least_bpm int,
        high_above_bpm int
    )
),

readings as (
    select
        hours.hour,
        heartbeats.customer_id,
        heartbeats.heart_rate,
        heartbeats.event_time,
        heartbeats.risk_level,
        heartbeats.ingested_at,
        heartbeats.event_time - lag(heartbeats.event_time) over (
            partition by hours.hour, heartbeats.customer_id
            order by heartbeats.event_time
        ) as distance
    from unnest(%(hours)s::timestamp[]) as hours (hour)
    inner join heartbeats
        on heartbeats.event_time >= hours.hour and heartbeats.event_time < hours.hour + interval '1 hour'
),

judged as (
    select
        readings.*,
        case
            when heart_rate > high_above_bpm or heart_rate <= high_at_most_bpm then 'High'
            when heart_rate >= elevated_at_least_bpm or heart_rate <= elevated_at_most_bpm then 'Elevated'
            when heart_rate < elevated_at_least_bpm then 'Normal'
        end as policy_level
    from readings
    left join spans on readings.ingested_at > spans.since and readings.ingested_at <= spans.until
)

insert into summed_readings
select
    hour,
    customer_id,
    count(*) as readings,
    count(*) filter (where risk_level = 'Normal') as normal,
    count(*) filter (where risk_level = 'Elevated') as elevated,
    count(*) filter (where risk_level = 'High') as high,
    min(heart_rate) as min_bpm,
    round(avg(heart_rate), 2) as avg_bpm,
    max(heart_rate) as max_bpm,
    -- Without a distance there is no coverage; least() alone would make that 1.
    case
        when count(distance) > 0
            then least(
                1,
                round(
                    count(*) * extract(epoch from percentile_disc(0.5) within group (order by distance))
                    / 3600, 4
                )
            )
    end as coverage,
    min(event_time) as first_event,
    max(event_time) as last_event,
    sum(heart_rate) as total_bpm,
    count(*) filter (
        where num_nulls(customer_id, heart_rate, event_time, risk_level, ingested_at) > 0
    ) as null_values,
    count(*) filter (where heart_rate not between %(min_bpm)s and %(max_bpm)s) as out_of_range,
    count(*) filter (where risk_level is distinct from policy_level) as wrong_levels,
    count(*) filter (where distance = interval '0') as repeated_readings,
    count(*) filter (where date_trunc('hour', event_time) <> hour) as outside_hour,
    count(*) filter (
        where event_time > ingested_at + make_interval(secs => %(max_skew_seconds)s)
    ) as early_readings,
    false as is_held_back
from judged
group by hour, customer_id;
