-- What the ledger says of each partition, and whether its runs of offsets add up without a hole or an overlap.
-- Returns: topic, topic_id, partition, start_offset, next_offset, accepted, duplicates, quarantined, gap, rewound and
--          covered (offsets), one row a partition
select
    stream_offsets.topic,
    stream_offsets.topic_id,
    stream_offsets.partition,
    stream_offsets.start_offset,
    stream_offsets.next_offset,
    coalesce(sum(accepted), 0)::bigint as accepted,
    coalesce(sum(duplicates), 0)::bigint as duplicates,
    coalesce(sum(quarantined), 0)::bigint as quarantined,
    coalesce(sum(to_offset - from_offset) filter (where kind = 'gap'), 0)::bigint as gap,
    coalesce(sum(to_offset - from_offset) filter (where kind = 'rewind'), 0)::bigint as rewound,
    coalesce(sum(to_offset - from_offset) filter (where kind = 'batch'), 0)::bigint as covered
from stream_offsets
left join stream_commits using (topic_id, partition)
group by stream_offsets.topic_id, stream_offsets.partition
order by stream_offsets.topic, stream_offsets.topic_id, stream_offsets.partition;
