-- What the ledger says about each partition, including what retention has dropped: whether its stretches of offsets add
-- up without a hole or an overlap.
-- Returns: topic, topic_id, partition, start_offset, next_offset, accepted, duplicates, quarantined, gap, rewound and
--          covered (offsets), one row per partition
select
    stream_offsets.topic,
    stream_offsets.topic_id,
    stream_offsets.partition,
    stream_offsets.start_offset,
    stream_offsets.next_offset,
    coalesce(sum(parts.accepted), 0)::bigint as accepted,
    coalesce(sum(parts.duplicates), 0)::bigint as duplicates,
    coalesce(sum(parts.quarantined), 0)::bigint as quarantined,
    coalesce(sum(parts.gap), 0)::bigint as gap,
    coalesce(sum(parts.rewound), 0)::bigint as rewound,
    coalesce(sum(parts.covered), 0)::bigint as covered
from stream_offsets
left join (
    select
        topic_id,
        partition,
        accepted,
        duplicates,
        quarantined,
        case when kind = 'gap' then to_offset - from_offset end as gap,
        case when kind = 'rewind' then to_offset - from_offset end as rewound,
        case when kind = 'batch' then to_offset - from_offset end as covered
    from stream_commits
    union all
    select
        topic_id,
        partition,
        accepted,
        duplicates,
        quarantined,
        gap,
        rewound,
        covered
    from dropped_totals
) as parts
    on stream_offsets.topic_id = parts.topic_id and stream_offsets.partition = parts.partition
group by stream_offsets.topic_id, stream_offsets.partition
order by stream_offsets.topic, stream_offsets.topic_id, stream_offsets.partition;
