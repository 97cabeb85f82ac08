-- What the checks of each minute have to know besides: since when records wait, and which could not be processed.
create table stream_waits (
    topic_id uuid primary key,
    done_offset bigint not null,
    waiting_since timestamp
);

comment on table stream_waits is
'Since when the checks have seen records of a topic wait while none of its partitions moved on';
comment on column stream_waits.done_offset is 'The sum of the partitions'' next offsets when it was last looked at';
comment on column stream_waits.waiting_since is
'When that was first seen, by this database''s clock; null while nothing waits, or the broker cannot be asked';

grant select, insert, update on stream_waits to heartbeat_hourly;
grant select on stream_waits to heartbeat_reader;

-- Where a letter lies and why, still nothing of what it holds.
grant select (partition, "offset", reason, recorded_at) on dead_letters to heartbeat_hourly;
