-- Begin a task's work on some partitions: record the try. A piece that killed a task stays suspect until it is passed.
-- Params:  topic_id uuid, partitions int[], epoch bigint
-- Returns: partition, tries (this one included), tried_until; only those that this launch may move
update stream_offsets
set
    tries = case when tried_offset = next_offset or tried_until > next_offset then tries + 1 else 1 end,
    tried_until = case when tried_until > next_offset then tried_until end,
    tried_offset = next_offset
where topic_id = %(topic_id)s and partition = any(%(partitions)s) and epoch = %(epoch)s
returning partition, tries, tried_until;
