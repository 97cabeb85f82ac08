-- Record offsets that Kafka dropped before they were read (gap) or will hand out again (rewind).
-- Params:  topic_id uuid, partition int, from_offset, to_offset bigint, kind text, epoch bigint
insert into stream_commits (topic_id, partition, from_offset, to_offset, kind, epoch)
values (%(topic_id)s, %(partition)s, %(from_offset)s, %(to_offset)s, %(kind)s, %(epoch)s);
