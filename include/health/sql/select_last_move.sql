-- When any partition of a topic last moved on.
-- Params:  topic_id uuid
-- Returns: moved_at (UTC), null if none ever did
select max(updated_at) as moved_at
from stream_offsets
where topic_id = %(topic_id)s;
