-- One writer: each launch of the stream raises the epoch, and only the newest epoch may commit.
create table stream_lease (
    name text primary key,
    epoch bigint not null,
    holder text not null,
    started_at timestamp not null,
    renewed_at timestamp not null,
    stop_requested boolean not null default false
);

grant select, insert, update on stream_lease to heartbeat_stream;
grant select on stream_lease to heartbeat_hourly, heartbeat_reader;
