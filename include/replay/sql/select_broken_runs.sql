-- The replays that never ended.
select
    id,
    topic_id,
    claim_offsets
from replay_runs
where ended_at is null
order by id;
