-- Replaying gets a role of its own, so that the stream cannot read what it has rejected; the hourly job reads no more
-- of the dead letters than it counts; and nobody gets into this database without a grant.
do $$
begin
    if not exists (select from pg_roles where rolname = 'heartbeat_replay') then
        create role heartbeat_replay login;
    end if;
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to heartbeat_replay', current_database());
end;
$$;

grant usage on schema public to heartbeat_replay;
revoke usage on schema public from public;

-- A function that is made from now on can be called by those it is granted to, and by nobody else.
alter default privileges revoke execute on functions from public;

-- Taking a right from the table takes it from each of its columns.
revoke select, update on dead_letters from heartbeat_stream;
revoke select, insert, update on replay_runs from heartbeat_stream;
revoke select on replay_outcomes from heartbeat_stream;

grant select (
    id, topic_id, topic, partition, "offset", key, value, headers, kafka_timestamp, reason, recorded_at, replayed_at,
    replay_run, replayed_topic_id, replayed_partition, replayed_offset
) on dead_letters to heartbeat_replay;
grant update (replay_run, replayed_at, replayed_topic_id, replayed_partition, replayed_offset)
on dead_letters to heartbeat_replay;
grant select, insert, update on replay_runs to heartbeat_replay;
grant select on replay_outcomes to heartbeat_replay;

revoke select on dead_letters from heartbeat_hourly;
grant select (kafka_timestamp, replayed_at) on dead_letters to heartbeat_hourly;
revoke select on replay_runs, replay_outcomes from heartbeat_hourly;
