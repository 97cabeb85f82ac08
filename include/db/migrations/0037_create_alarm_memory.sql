-- One evaluator: each launch raises the epoch, and only the newest one may write. What it remembers of the customers is
-- kept now and then; whatever came since lies in fresh_readings and is taken in again.
create table alarm_evaluator (
    name text primary key,
    epoch bigint not null,
    holder text not null,
    taken_at timestamp not null,
    looked_at timestamp not null,
    progress timestamp,
    is_filled boolean not null default false
);

comment on column alarm_evaluator.progress is
'The stream has stored whatever Kafka held at this time: silence is judged by it. Null until that was first seen';
comment on column alarm_evaluator.is_filled is
'Whether the readings from before there were alarms have been taken in';

create table alarm_memory (
    part int primary key,
    customers int not null,
    memory bytea not null,
    kept_at timestamp not null default timezone('utc', clock_timestamp())
);

alter table alarm_memory alter column memory set storage external;

grant select, insert, update on alarm_evaluator, alarm_memory to heartbeat_alarms;
grant select on alarm_evaluator to heartbeat_reader;
