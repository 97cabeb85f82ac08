-- What people outside are told: that something has begun to fail, and that it is over. The newest row of a subject is
-- how it stands; a subject without a row stands well.
create table notices (
    id bigint generated always as identity primary key,
    subject text not null,
    is_failing boolean not null,
    message text not null,
    link text,
    noted_at timestamp not null default timezone('utc', clock_timestamp()),
    sent_at timestamp
);

comment on column notices.sent_at is
'When the webhook took it, or when there was nobody to tell; null while it waits for a webhook that is away';

create index notices_by_subject on notices (subject, id);
create index notices_unsent on notices (id) where sent_at is null;

grant select, insert, update (sent_at), delete on notices to heartbeat_hourly;
grant select on notices to heartbeat_reader;
