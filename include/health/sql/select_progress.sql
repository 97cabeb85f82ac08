-- How far each partition of a topic is done, and since when.
-- Params:  topic_id uuid
select
    partition,
    next_offset,
    updated_at
from stream_offsets
where topic_id = %(topic_id)s;
