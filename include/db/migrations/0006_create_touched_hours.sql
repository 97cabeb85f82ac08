-- Which hours got readings since they were last summed up. Append only and without a unique key: the stream never
-- waits for the hourly job, and what commits while that job runs stays for its next run.
create table touched_hours (
    hour timestamp not null,
    readings bigint not null,
    noted_at timestamp not null default timezone('utc', now())
);

grant insert on touched_hours to heartbeat_stream;
grant select, delete on touched_hours to heartbeat_hourly;
grant select on touched_hours to heartbeat_reader;
