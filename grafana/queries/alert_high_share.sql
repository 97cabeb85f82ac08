-- The share of the last two minutes' readings that are High; 0 where there is none.
select coalesce(avg((risk_level = 'High')::int), 0)::float as share
from heartbeats
where
    event_time > timezone('utc', now()) - interval '2 minutes'
    and event_time <= timezone('utc', now())
    and slot_of(event_time) >= slot_of(timezone('utc', now()) - interval '2 minutes')
    and slot_of(event_time) <= slot_of(timezone('utc', now()));
