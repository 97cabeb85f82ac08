-- Which address had which channel's number when a sender last worked. So what waits goes with its address to another
-- number, and not to whoever has the old number now; and what waits for one that is gone is given up.
create table channels (
    number int primary key,
    address uuid not null
);

comment on table channels is
'The channels of the settings as the sender last found them; an address is kept as what it is recognised by alone';

alter table messages add column given_up_at timestamp;

comment on column messages.given_up_at is
'When the sender gave it up, since its channel is no longer in the settings; failure says so';

grant select, insert, delete on channels to heartbeat_alarms;
grant update (channel, given_up_at) on messages to heartbeat_alarms;
grant update (channel) on alarm_told to heartbeat_alarms;
grant select (given_up_at) on messages to heartbeat_hourly;
