-- The letters that a run has claimed, and of which it is not known whether they were sent.
-- Params:  run_id bigint
select
    topic_id,
    partition,
    "offset"
from dead_letters
where replay_run = %(run_id)s and replayed_at is null;
