-- The customers to choose from: those heard in the last minute, who were High in it first.
-- Returns: one column, at most 500 rows
select customer_id::text as customer
from heartbeats
where
    event_time > timezone('utc', now()) - interval '1 minute'
    and event_time <= timezone('utc', now())
    and slot_of(event_time) >= slot_of(timezone('utc', now()) - interval '1 minute')
    and slot_of(event_time) <= slot_of(timezone('utc', now()))
group by customer_id
order by count(*) filter (where risk_level = 'High') desc, customer_id asc
limit 500;
