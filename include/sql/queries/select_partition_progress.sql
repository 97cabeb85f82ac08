-- How far each partition is done, and whether it committed a record of a time from `instant` on.
-- Params:  topic_id uuid; since, instant timestamp: commits before `since` are not looked at
with passed as (
    select distinct partition
    from stream_commits
    where topic_id = %(topic_id)s and committed_at >= %(since)s and newest_record_at >= %(instant)s
)

select
    stream_offsets.partition,
    stream_offsets.next_offset,
    passed.partition is not null as has_later_record
from stream_offsets
left join passed on stream_offsets.partition = passed.partition
where stream_offsets.topic_id = %(topic_id)s;
