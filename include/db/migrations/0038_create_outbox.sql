-- What is to be told, written in the transaction of what it tells: a transition of an alarm, or a notice about the
-- product itself. The sender takes it out in the transaction that writes the messages.
create table outbox (
    id bigint generated always as identity primary key,
    event_id bigint unique references alarm_events (id) on delete cascade,
    notice_id bigint unique references notices (id) on delete cascade,
    noted_at timestamp not null default timezone('utc', clock_timestamp()),
    check (num_nonnulls(event_id, notice_id) = 1)
);

-- Notices wait in the outbox from now on.
alter table notices add column key uuid not null unique default gen_random_uuid();
insert into outbox (notice_id, noted_at)
select
    id,
    noted_at
from notices
where sent_at is null
order by id;
drop index notices_unsent;
alter table notices drop column sent_at;

comment on column notices.key is 'What a receiver can tell a repeated message by';

-- What the sender has to say, to the channel of that number: 0 is the operators', 1 the first of ALARM_CHANNELS. Kept
-- with what became of it.
create table messages (
    id bigint generated always as identity primary key,
    key uuid not null unique,
    channel int not null,
    body jsonb not null,
    planned_at timestamp not null default timezone('utc', clock_timestamp()),
    tries int not null default 0,
    next_try_at timestamp not null default timezone('utc', clock_timestamp()),
    sent_at timestamp,
    failure text
);

create index messages_unsent on messages (channel, id) where sent_at is null;
create index messages_by_time on messages (planned_at);

-- Who was told of an alarm, a row for each time: whoever it was hears of its end.
create table alarm_told (
    alarm_id bigint not null references alarms (id) on delete cascade,
    channel int not null,
    told_at timestamp not null default timezone('utc', clock_timestamp())
);

create index alarm_told_by_alarm on alarm_told (alarm_id);

grant select, insert, delete on outbox to heartbeat_alarms;
grant select, insert on messages, alarm_told, notices to heartbeat_alarms;
grant update (tries, next_try_at, sent_at, failure) on messages to heartbeat_alarms;
grant insert on outbox to heartbeat_hourly;
