-- The letters that a run has claimed, and that may or may not have been sent.
-- Params:  run_id bigint
select
    topic_id,
    partition,
    "offset"
from dead_letters
where replay_run = %(run_id)s and replayed_at is null;
