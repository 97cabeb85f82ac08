-- The sessions of the asking role on this database, but for the one that asks.
-- Returns: the count
select count(*)
from pg_stat_activity
where datname = current_database() and usename = current_user and pid <> pg_backend_pid();
