-- Delete old quality runs with their results, unless an hour's state rests on them.
-- Params:  before timestamp (UTC), the first instant that stays
delete from quality_runs
where
    started_at < %(before)s
    and not exists (
        select from settled_hours
        where settled_hours.run_id = quality_runs.id
    );
