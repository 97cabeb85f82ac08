-- Give back what a run has claimed and not sent.
-- Params:  run_id bigint
update dead_letters
set replay_run = null
where replay_run = %(run_id)s and replayed_at is null;
