-- Delete old notices, except that of a subject that still fails.
-- Params:  kept_days int
delete from notices
where
    noted_at < timezone('utc', now()) - make_interval(days => %(kept_days)s)
    and not (
        is_failing
        and not exists (
            select from notices as later
            where later.subject = notices.subject and later.id > notices.id
        )
    );
