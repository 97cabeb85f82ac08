-- Sum the readings of a group of hours per customer and hour, into a temporary table that is there until it is decided
-- which hours are published. It begins with the columns of customer_hourly.
-- Params:  hours timestamp[]; max_skew_seconds int
create temporary table summed_readings on commit drop as
with readings as (
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
        on
            heartbeats.event_time >= hours.hour
            and heartbeats.event_time < hours.hour + interval '1 hour'
            and slot_of(heartbeats.event_time) >= hours.hour
            and slot_of(heartbeats.event_time) < hours.hour + interval '1 hour'
)

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
        where event_time > ingested_at + make_interval(secs => %(max_skew_seconds)s)
    ) as early_readings,
    false as is_held_back
from readings
group by hour, customer_id;
