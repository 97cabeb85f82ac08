-- What one role may take of the server, so that none can keep another from its work: sessions, the time of a query,
-- room on disk for sorting. The stream has no limit of sessions: they grow with Spark's tasks.
-- A time-out is only where a session begins: whoever logs in can set another one. The sessions cannot be talked up.
alter role heartbeat_reader connection limit 30;
alter role heartbeat_hourly connection limit 30;
alter role heartbeat_replay connection limit 10;

alter role heartbeat_stream set statement_timeout = '10min';
alter role heartbeat_hourly set statement_timeout = '1h';
alter role heartbeat_replay set statement_timeout = '10min';
alter role heartbeat_reader set statement_timeout = '5min';
alter role heartbeat_reader set idle_in_transaction_session_timeout = '10min';

-- Two things a superuser has to have granted to the owner before, as the embedded stack has. Elsewhere: see
-- docs/deployment.md.
do $$
begin
    alter role heartbeat_reader set temp_file_limit = '1GB';
    alter role heartbeat_replay set temp_file_limit = '1GB';
exception
    when insufficient_privilege then
        raise notice 'temp_file_limit is left to a superuser';
end;
$$;

do $$
begin
    grant pg_use_reserved_connections to heartbeat_stream;
exception
    when insufficient_privilege or undefined_object then
        raise notice 'no connections can be reserved for the stream';
end;
$$;
