-- The checks of each minute see since when there is a database: a stream that is only just coming up is no failure.
grant select (applied_at) on schema_migrations to heartbeat_hourly;
