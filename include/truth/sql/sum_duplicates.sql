-- How many records of a topic repeated a stored reading.
-- Params:  topic_id uuid
select coalesce(sum(duplicates), 0)::bigint
from stream_commits
where topic_id = %(topic_id)s;
