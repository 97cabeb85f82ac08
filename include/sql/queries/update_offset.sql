-- Move a partition's offset.
-- Params:  topic_id uuid, partition int, next_offset bigint
update stream_offsets
set
    next_offset = %(next_offset)s,
    updated_at = timezone('utc', now())
where topic_id = %(topic_id)s and partition = %(partition)s;
