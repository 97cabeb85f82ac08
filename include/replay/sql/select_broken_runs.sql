-- The replays to a topic that never ended. What one to another topic has sent can only be looked for there.
-- Params:  topic text
select
    id,
    topic_id,
    claim_offsets
from replay_runs
where topic = %(topic)s and ended_at is null
order by id;
