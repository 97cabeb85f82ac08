-- The customers whose newest reading is High, the latest to become so first; from the raw rows of the range's last
-- five minutes, in one pass. The last calmer reading is null where there was none in that time.
-- Params:  range_end timestamp (UTC)
select
    customer_id::text as customer,
    max(event_time) filter (where risk_level <> 'High') as last_calmer,
    max(event_time) as last_reading,
    min(heart_rate) filter (where risk_level = 'High') as lowest,
    max(heart_rate) filter (where risk_level = 'High') as highest,
    count(*) as readings
from heartbeats
where event_time > %(range_end)s - interval '5 minutes' and event_time <= %(range_end)s
group by customer_id
having max(event_time) filter (where risk_level = 'High') = max(event_time)
order by last_calmer desc nulls last, customer asc
limit 50;
