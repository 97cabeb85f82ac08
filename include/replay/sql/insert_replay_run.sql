-- Begin a replay.
-- Params:  topic text, topic_id uuid
-- Returns: id
insert into replay_runs (topic, topic_id, claim_offsets)
values (%(topic)s, %(topic_id)s, '{}')
returning id;
