-- Begin the ledger of a partition, if this launch is the newest.
-- Params:  topic text, topic_id uuid, partition int, start_offset bigint, epoch bigint
-- Rerun:   leaves what is there
insert into stream_offsets (topic, topic_id, partition, start_offset, next_offset, epoch)
select
    %(topic)s,
    %(topic_id)s,
    %(partition)s,
    begun.start_offset,
    begun.start_offset as next_offset,
    %(epoch)s
from (values (%(start_offset)s::bigint)) as begun (start_offset)
where %(epoch)s = (select max(stream_lease.epoch) from stream_lease)
on conflict do nothing;
