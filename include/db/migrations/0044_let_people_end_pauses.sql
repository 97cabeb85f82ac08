-- A pause may end before its time: the customer is back. The pause stays as it was noted.
create table customer_pause_ends (
    pause_id bigint primary key references customer_pauses (id) on delete cascade,
    ended timestamp not null,
    ended_by text not null,
    ended_at timestamp not null default timezone('utc', clock_timestamp())
);

comment on table customer_pause_ends is
'Append-only: when a pause ended that was to go on for longer, and who said so. One that ended before it began is none';

grant select on customer_pause_ends to heartbeat_alarms, heartbeat_reader, heartbeat_people;
grant insert (pause_id, ended, ended_by) on customer_pause_ends to heartbeat_people;
