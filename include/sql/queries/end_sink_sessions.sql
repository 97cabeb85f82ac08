-- End the sessions of earlier launches' tasks that hang inside a transaction.
-- Params:  application text: how those sessions name themselves
select pg_terminate_backend(pid)
from pg_stat_activity
where
    datname = current_database()
    and usename = current_user
    and application_name = %(application)s
    and pid <> pg_backend_pid()
    and xact_start < clock_timestamp() - interval '2 seconds';
