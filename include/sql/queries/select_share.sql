-- How far some partitions of a launch are done.
-- Params:  topic_id uuid, partitions int[], epoch bigint
-- Returns: partition, next_offset, rewinds; only those that this launch may move
select
    partition,
    next_offset,
    rewinds
from stream_offsets
where topic_id = %(topic_id)s and partition = any(%(partitions)s) and epoch = %(epoch)s;
