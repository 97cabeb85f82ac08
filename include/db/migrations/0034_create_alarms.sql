-- Alarms have a role of their own: it evaluates, keeps limits and delivers, reads the readings and writes nothing else.
do $$
begin
    if not exists (select from pg_roles where rolname = 'heartbeat_alarms') then
        create role heartbeat_alarms login;
    end if;
    execute format('grant connect on database %I to heartbeat_alarms', current_database());
end;
$$;

grant usage on schema public to heartbeat_alarms;
alter role heartbeat_alarms connection limit 20;
alter role heartbeat_alarms set statement_timeout = '10min';

-- Which rules were in force from when on, by the time of the reading.
create table alarm_policies (
    version text primary key,
    valid_from timestamp not null,
    policy jsonb not null
);

create table alarms (
    id bigint generated always as identity primary key,
    customer_id uuid not null,
    rule text not null,
    severity text not null check (severity in ('warning', 'critical')),
    onset timestamp not null,
    opened timestamp not null,
    cleared timestamp,
    peak_bpm int,
    readings bigint not null,
    state text not null check (state in ('open', 'cleared', 'retracted')),
    policy_version text not null references alarm_policies (version),
    limits_version bigint,
    detected_at timestamp not null default timezone('utc', clock_timestamp()),
    acknowledged_by text,
    acknowledged_at timestamp,
    snoozed_until timestamp,
    note text,
    check ((state = 'open') <= (cleared is null)),
    check ((state = 'cleared') <= (cleared is not null))
);

comment on table alarms is
'Episodes as the readings have them; onset, opened and cleared are times of readings, detected_at is when we knew';

-- One that was retracted stays as it was told, and the same episode may come back as a row of its own.
create unique index alarms_natural_key on alarms (customer_id, rule, onset) where state <> 'retracted';
create index alarms_open on alarms (severity, opened) where state = 'open';
create index alarms_by_time on alarms (opened);

create table alarm_events (
    id bigint generated always as identity primary key,
    key uuid not null unique default gen_random_uuid(),
    alarm_id bigint not null references alarms (id) on delete cascade,
    number int not null,
    kind text not null check (
        kind in ('opened', 'cleared', 'reopened', 'revised', 'retracted', 'acknowledged', 'snoozed', 'noted')
    ),
    onset timestamp not null,
    opened timestamp not null,
    cleared timestamp,
    actor text,
    detail text,
    recorded_at timestamp not null default timezone('utc', clock_timestamp()),
    unique (alarm_id, number)
);

comment on table alarm_events is
'Append-only: each transition of an alarm once, with the episode as it was from then on. Without an actor it was the '
'evaluator; key is what a receiver can tell a repeated message by';

create index alarm_events_by_time on alarm_events (recorded_at);

grant select on heartbeats, touched_hours, stream_offsets to heartbeat_alarms;
grant select, insert on alarm_policies, alarm_events to heartbeat_alarms;
grant select, insert on alarms to heartbeat_alarms;
grant update (
    onset, opened, cleared, peak_bpm, readings, state, policy_version, limits_version, severity,
    acknowledged_by, acknowledged_at, snoozed_until, note
) on alarms to heartbeat_alarms;
grant select on alarm_policies, alarms, alarm_events to heartbeat_reader;
