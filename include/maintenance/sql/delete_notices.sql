-- Delete old notices, except that of a subject that still fails.
-- Params:  before timestamp (UTC), the first instant that stays
delete from notices
where
    noted_at < %(before)s
    and not (
        is_failing
        and not exists (
            select from notices as later
            where later.subject = notices.subject and later.id > notices.id
        )
    );
