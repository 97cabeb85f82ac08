-- End the sessions in which the tasks of earlier launches store: what they have not committed is undone.
-- Params:  application text: how those sessions name themselves, before a hyphen and their epoch; epoch bigint: the
--          first launch whose sessions stay
-- Returns: pid and whether it ended, one row per session
select
    pid,
    pg_terminate_backend(pid, 5000) as has_ended
from pg_stat_activity
where
    datname = current_database()
    and usename = current_user
    and application_name ~ ('^' || %(application)s || '-[0-9]+$')
    and split_part(application_name, '-', 3)::bigint < %(epoch)s
    and pid <> pg_backend_pid();
