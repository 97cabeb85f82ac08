-- How far some partitions of a launch are done.
-- Params:  topic_id uuid, partitions int[], epoch bigint
-- Returns: partition, next_offset, rewinds, newest_event_us (since 1970 UTC); only those that this launch may move
select
    partition,
    next_offset,
    rewinds,
    (extract(epoch from newest_event_at) * 1000000)::bigint as newest_event_us
from stream_offsets
where topic_id = %(topic_id)s and partition = any(%(partitions)s) and epoch = %(epoch)s;
