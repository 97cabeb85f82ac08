-- Take over partitions that an older launch began while this one was taking the lease, if this one is the newest.
-- Params:  topic_id uuid, partitions int[], epoch bigint
update stream_offsets
set epoch = %(epoch)s
where
    topic_id = %(topic_id)s
    and partition = any(%(partitions)s)
    and epoch < %(epoch)s
    and %(epoch)s = (select max(stream_lease.epoch) from stream_lease);
