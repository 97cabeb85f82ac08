-- What each minute's checks found; and on the lease, that a launch was fenced because it stood still.
create table health_checks (
    checked_at timestamp not null,
    name text not null,
    status text not null check (status in ('ok', 'warn', 'fail')),
    value double precision,
    threshold double precision,
    message text not null,
    primary key (checked_at, name)
);

comment on column health_checks.value is
'What was measured, in the unit that the message names; null if it could not be';

alter table stream_lease add column fenced_at timestamp;

comment on column stream_lease.fenced_at is
'When the last launch was fenced for standing still; null again once the next launch has taken the lease';

grant select, insert, delete on health_checks to heartbeat_hourly;
grant select on health_checks to heartbeat_reader;
