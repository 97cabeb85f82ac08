-- Delete old quality runs with their results, unless an hour's state rests on them.
-- Params:  kept_days int
delete from quality_runs
where
    started_at < timezone('utc', now()) - make_interval(days => %(kept_days)s)
    and not exists (
        select from settled_hours
        where settled_hours.run_id = quality_runs.id
    );
