-- Accepted readings, partitioned by the UTC day of the reading. The natural key is what makes each reading stand once.
create table heartbeats (
    id bigint generated always as identity (cache 1000),
    customer_id uuid not null,
    heart_rate int not null check (heart_rate between 30 and 220),
    event_time timestamp not null,
    risk_level varchar(20) not null check (risk_level in ('Normal', 'Elevated', 'High')),
    ingested_at timestamp not null default timezone('utc', now()),
    primary key (event_time, customer_id)
) partition by range (event_time);

comment on table heartbeats is 'Accepted readings; all times are UTC';

grant select, insert on heartbeats to heartbeat_stream;
grant select on heartbeats to heartbeat_hourly, heartbeat_reader;
