-- Record which piece a careful task is about to try.
-- Params:  topic_id uuid, partition int, epoch, tried_until bigint
update stream_offsets
set
    tries = case when tried_offset = next_offset then tries else 1 end,
    tried_offset = next_offset,
    tried_until = %(tried_until)s
where topic_id = %(topic_id)s and partition = %(partition)s and epoch = %(epoch)s;
