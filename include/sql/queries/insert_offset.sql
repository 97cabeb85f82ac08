-- Begin the ledger of a partition.
-- Params:  topic text, topic_id uuid, partition int, start_offset bigint
-- Rerun:   leaves what is there
insert into stream_offsets (topic, topic_id, partition, start_offset, next_offset)
values (%(topic)s, %(topic_id)s, %(partition)s, %(start_offset)s, %(start_offset)s)
on conflict do nothing;
