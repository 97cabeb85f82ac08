-- How far one partition is done, locked until the transaction ends.
-- Params:  topic_id uuid, partition int
select next_offset from stream_offsets
where topic_id = %(topic_id)s and partition = %(partition)s
for update;
