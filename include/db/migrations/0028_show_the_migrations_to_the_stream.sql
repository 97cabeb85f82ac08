-- The checks before a launch see for themselves, as the stream, whether the database is up to date.
grant select on schema_migrations to heartbeat_stream;
