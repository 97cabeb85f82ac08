-- Record that a replay has left nothing open.
-- Params:  run_id bigint
update replay_runs
set ended_at = timezone('utc', now())
where id = %(run_id)s;
