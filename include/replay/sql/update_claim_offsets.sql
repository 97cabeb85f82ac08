-- Record where Kafka ends before the letters of the next claim are sent.
-- Params:  run_id bigint, claim_offsets jsonb
update replay_runs
set claim_offsets = %(claim_offsets)s
where id = %(run_id)s;
