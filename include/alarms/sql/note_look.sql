-- Note what an evaluator is about to commit; no row comes back if a newer one has taken over. Locks out a take-over.
-- Params:  name text, epoch bigint, progress timestamp
-- Returns: epoch
update alarm_evaluator
set
    looked_at = timezone('utc', clock_timestamp()),
    progress = greatest(progress, %(progress)s)
where name = %(name)s and epoch = %(epoch)s
returning epoch;
