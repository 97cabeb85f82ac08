-- Where each rejected record of a topic stood, and why it was rejected.
-- Params:  topic_id uuid
select
    partition,
    "offset",
    reason
from dead_letters
where topic_id = %(topic_id)s;
