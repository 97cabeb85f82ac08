-- Which of these hours are not published yet, or are published with sums that differ from summed_readings.
-- Params:  hours timestamp[]
with fresh as (
    select
        hour,
        customer_id,
        readings,
        normal,
        elevated,
        high,
        min_bpm,
        avg_bpm,
        max_bpm,
        coverage,
        first_event,
        last_event
    from summed_readings
    where hour = any(%(hours)s) and not is_held_back
),

published as (
    select *
    from customer_hourly
    where hour = any(%(hours)s)
),

differences as (
    (
        select * from fresh
        except
        select * from published
    )
    union all
    (
        select * from published
        except
        select * from fresh
    )
)

select hour from differences
union
select hours.hour
from unnest(%(hours)s::timestamp[]) as hours (hour)
where not exists (
    select from settled_hours
    where settled_hours.hour = hours.hour and settled_hours.state = 'published'
);
