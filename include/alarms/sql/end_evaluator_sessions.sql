-- End the sessions of earlier evaluators, so that a take-over waits for none of them.
-- Params:  application text
select pg_terminate_backend(pid)
from pg_stat_activity
where
    usename = current_user and datname = current_database()
    and application_name = %(application)s and pid <> pg_backend_pid();
