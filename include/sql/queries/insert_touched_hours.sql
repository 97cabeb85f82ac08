-- Count the readings that one partition's transaction stores, by hour. In order, as the hourly job locks them.
-- Params:  topic_id uuid, partition int; hours timestamp[], readings bigint[], of one length, each hour once
insert into touched_hours as counter (hour, topic_id, partition, readings)
select
    stored.hour,
    %(topic_id)s::uuid,
    %(partition)s::int,
    stored.readings
from unnest(%(hours)s::timestamp[], %(readings)s::bigint[]) as stored (hour, readings)
order by stored.hour
on conflict (hour, topic_id, partition) do update
set
    readings = counter.readings + excluded.readings,
    noted_at = coalesce(counter.noted_at, excluded.noted_at);
