-- Note that what was accepted of these hours is over where the stream has counted other readings since.
-- Params:  hours timestamp[]
update accepted_failures
set
    ended_at = timezone('utc', clock_timestamp()),
    ended_reason = 'readings came after it was accepted'
where
    hour = any(%(hours)s)
    and ended_at is null
    and id not in (
        select acceptances_in_force.id
        from acceptances_in_force
        where acceptances_in_force.hour = any(%(hours)s)
    );
