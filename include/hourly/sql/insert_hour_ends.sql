-- Store where partitions end now that an hour has ended. The first answer counts.
-- Params:  topic_id uuid, hour timestamp, asked_at timestamp; partitions int[], end_offsets bigint[]
-- Rerun:   leaves what is there
insert into hour_ends (hour, topic_id, partition, end_offset, asked_at)
select
    %(hour)s,
    %(topic_id)s,
    ends.partition,
    ends.end_offset,
    %(asked_at)s
from unnest(%(partitions)s::int[], %(end_offsets)s::bigint[]) as ends (partition, end_offset)
on conflict do nothing;
