-- How many times as often as usual a reading is High. Now: the last two minutes, 20 readings at least. Usual: the
-- published hours of the last day, or one in twenty where there is none; never less than one in a hundred.
-- Returns: one row, 0 where there is too little to judge
with recent as (
    select
        count(*) as readings,
        count(*) filter (where risk_level = 'High') as high
    from heartbeats
    where
        event_time > timezone('utc', now()) - interval '2 minutes'
        and event_time <= timezone('utc', now())
        and slot_of(event_time) >= slot_of(timezone('utc', now()) - interval '2 minutes')
        and slot_of(event_time) <= slot_of(timezone('utc', now()))
),

usual as (
    select sum(readings) filter (where risk_level = 'High') / nullif(sum(readings), 0) as share
    from risk_hourly
    where hour > timezone('utc', now()) - interval '25 hours'
)

select
    case
        when recent.readings >= 20
            then (recent.high::float / recent.readings) / greatest(coalesce(usual.share, 0.05), 0.01)
        else 0
    end as times_usual
from recent
cross join usual;
