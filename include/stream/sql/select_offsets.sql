-- How far each partition of a topic is done.
-- Params:  topic_id uuid
select
    partition,
    next_offset
from stream_offsets
where topic_id = %(topic_id)s;
