-- How far each partition is done, and whether it committed a record of a time from `instant` on.
-- Params:  topic_id uuid; since, instant timestamp: commits before `since` are not looked at
select
    stream_offsets.partition,
    stream_offsets.next_offset,
    exists (
        select from stream_commits
        where
            stream_commits.topic_id = stream_offsets.topic_id
            and stream_commits.partition = stream_offsets.partition
            and stream_commits.committed_at >= %(since)s
            and stream_commits.newest_record_at >= %(instant)s
    ) as has_later_record
from stream_offsets
where stream_offsets.topic_id = %(topic_id)s;
