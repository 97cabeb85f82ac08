-- The customers whose newest reading is High, latest first, and since when without a calmer reading between;
-- from the raw rows of the range's last five minutes, so a time that old means "or longer".
-- Params:  range_end timestamp (UTC)
with recent as (
    select
        customer_id,
        heart_rate,
        event_time,
        max(event_time) filter (where risk_level <> 'High') over (partition by customer_id) as calm_at
    from heartbeats
    where event_time > %(range_end)s - interval '5 minutes' and event_time <= %(range_end)s
)

select
    customer_id::text as customer,
    min(event_time) as high_since,
    max(event_time) as last_reading,
    (array_agg(heart_rate order by event_time desc))[1] as heart_rate,
    count(*) as readings
from recent
where calm_at is null or event_time > calm_at
group by customer_id
order by high_since desc
limit 50;
