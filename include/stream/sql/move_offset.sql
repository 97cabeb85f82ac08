-- Move a partition's offset past a gap or back before a rewind.
-- Params:  topic_id uuid, partition int, next_offset bigint, is_rewind boolean
update stream_offsets
set
    next_offset = %(next_offset)s,
    rewinds = rewinds + %(is_rewind)s::int,
    updated_at = timezone('utc', clock_timestamp())
where topic_id = %(topic_id)s and partition = %(partition)s;
