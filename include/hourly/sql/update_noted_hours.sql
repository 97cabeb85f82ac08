-- After a settling has committed, mark its hours as done, or as waiting from now on if more readings have come since.
-- The counters are locked first, in the stream's order, so that their newest values are compared: this waits for a
-- transaction of the stream that is raising one of them.
-- Params:  hours timestamp[]
with noted as materialized (
    select
        hour,
        readings
    from touched_hours
    where hour = any(%(hours)s) and noted_at is not null
    order by hour, topic_id, partition
    for no key update
),

counted as (
    select
        hour,
        sum(readings) as readings
    from (
        select
            hour,
            readings
        from noted
        union all
        select
            hour,
            readings
        from touched_hours
        where hour = any(%(hours)s) and noted_at is null
    ) as counters
    group by hour
)

update touched_hours
set
    noted_at = case
        when counted.readings <> settled_hours.ledger_readings then timezone('utc', clock_timestamp())
    end
from counted
inner join settled_hours on counted.hour = settled_hours.hour
where touched_hours.hour = counted.hour and touched_hours.noted_at is not null;
