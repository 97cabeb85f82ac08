-- What became of a run's copies: accepted (or there already), waiting, or rejected for which reason.
-- Params:  run_id bigint
select
    concat_ws(': ', outcome, rejected_again) as outcome,
    count(*) as letters
from replay_outcomes
where replay_run = %(run_id)s
group by 1;
