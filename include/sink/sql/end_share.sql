-- End a task's work on some partitions in good order: what comes next is no second try, except for a suspect piece.
-- Params:  topic_id uuid, partitions int[], epoch bigint
update stream_offsets
set
    tries = 0,
    tried_offset = null,
    tried_until = null
where
    topic_id = %(topic_id)s
    and partition = any(%(partitions)s)
    and epoch = %(epoch)s
    and coalesce(tried_until <= next_offset, true);
