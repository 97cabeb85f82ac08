-- What the stream has stored and the alarms have not remembered yet: each commit adds its readings as one packed value,
-- in the transaction that stores them. The evaluator deletes what its memory holds (docs/decisions/0016).
create table fresh_readings (
    id bigint generated always as identity primary key,
    readings int not null check (readings > 0),
    packed bytea not null
);

comment on column fresh_readings.packed is
'25 bytes for each reading: customer id (16), event time in microseconds since 1970 UTC (8, little-endian), bpm (1)';

-- Compressing would cost more than it saves: the rows live for minutes.
alter table fresh_readings alter column packed set storage external;
-- A queue: its rows go as fast as they come.
alter table fresh_readings set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

grant insert on fresh_readings to heartbeat_stream;
grant select, delete on fresh_readings to heartbeat_alarms;
