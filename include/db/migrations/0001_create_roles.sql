-- One role for each kind of work, with no more than it needs. Passwords are set by `migrate`, from the settings.
-- Roles belong to the whole server, so another database may have made them already.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['heartbeat_stream', 'heartbeat_hourly', 'heartbeat_reader'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I login', role_name);
        end if;
        execute format('grant connect on database %I to %I', current_database(), role_name);
        execute format('grant usage on schema public to %I', role_name);
    end loop;
    -- The stream stages the rare conflicting batch in a temporary table.
    execute format('revoke temporary on database %I from public', current_database());
    execute format('grant temporary on database %I to heartbeat_stream', current_database());
end;
$$;

revoke create on schema public from public;
