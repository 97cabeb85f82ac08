-- How far each partition of a topic is done, locked.
-- Params:  topic_id uuid
-- Returns: partition, next_offset, epoch: the launch that may move it
select
    partition,
    next_offset,
    epoch
from stream_offsets
where topic_id = %(topic_id)s
order by partition
for update;
