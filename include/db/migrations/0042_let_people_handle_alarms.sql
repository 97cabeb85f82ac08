-- People act through a login of their own, from the page and by the commands: it acknowledges, snoozes, notes, and sets
-- limits and pauses. It changes nothing of what the evaluator has found, and takes back nothing that a person has done.
do $$
begin
    if not exists (select from pg_roles where rolname = 'heartbeat_people') then
        create role heartbeat_people login;
    end if;
    execute format('grant connect on database %I to heartbeat_people', current_database());
end;
$$;

grant usage on schema public to heartbeat_people;
alter role heartbeat_people connection limit 10;
alter role heartbeat_people set statement_timeout = '1min';

grant select, update (acknowledged_by, acknowledged_at, snoozed_until, note) on alarms to heartbeat_people;
grant select on alarm_events to heartbeat_people;
grant insert (alarm_id, number, kind, onset, opened, cleared, actor, detail) on alarm_events to heartbeat_people;
grant select on customer_limits, customer_pauses to heartbeat_people;
grant insert (customer_id, rule, valid_from, limit_bpm, clear_bpm, after_seconds, set_by) on customer_limits
to heartbeat_people;
grant insert (customer_id, starts, ends, noted_by) on customer_pauses to heartbeat_people;
grant insert (customer_id, since) on alarm_touches to heartbeat_people;

-- The evaluator needs none of this any more.
revoke update (acknowledged_by, acknowledged_at, snoozed_until, note) on alarms from heartbeat_alarms;
revoke insert on customer_limits, customer_pauses, alarm_touches from heartbeat_alarms;
revoke update (ends) on customer_pauses from heartbeat_alarms;

-- A customer's rule that rests: the next alarm of it is not told either.
create index alarms_resting on alarms (customer_id, rule, snoozed_until) where snoozed_until is not null;
