-- Each customer's episodes by the hour in which they opened. The evaluator keeps it in the transaction that changes the
-- alarms, so it is right whenever they are, also after late readings; it outlives them as customer_hourly outlives
-- readings.
create table customer_hourly_alarms (
    hour timestamp not null,
    customer_id uuid not null,
    rule text not null,
    episodes int not null,
    primary key (hour, customer_id, rule)
);

comment on table customer_hourly_alarms is
'Episodes that opened in the hour and stand; 0 where all of them were retracted';

grant select, insert, update on customer_hourly_alarms to heartbeat_alarms;
grant select on customer_hourly_alarms to heartbeat_reader;
grant select (hour), delete on customer_hourly_alarms to heartbeat_hourly;
