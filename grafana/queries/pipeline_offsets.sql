-- How far each partition is done, and what became of its records in the hour before the range's end.
-- Params:  range_end timestamp (UTC)
with last_hour as (
    select
        topic_id,
        partition,
        sum(accepted) as accepted,
        sum(duplicates) as duplicates,
        sum(quarantined) as quarantined
    from stream_commits
    where committed_at > %(range_end)s - interval '1 hour' and committed_at <= %(range_end)s
    group by topic_id, partition
)

select
    stream_offsets.topic,
    stream_offsets.partition::text as partition,
    stream_offsets.next_offset,
    stream_offsets.updated_at,
    coalesce(last_hour.accepted, 0) as accepted,
    coalesce(last_hour.duplicates, 0) as duplicates,
    coalesce(last_hour.quarantined, 0) as quarantined
from stream_offsets
left join last_hour on stream_offsets.topic_id = last_hour.topic_id and stream_offsets.partition = last_hour.partition
order by stream_offsets.topic, stream_offsets.partition;
