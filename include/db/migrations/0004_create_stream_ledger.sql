-- How far each partition is done, and what became of every record below that.
create table stream_offsets (
    topic_id uuid not null,
    partition int not null,
    topic text not null,
    start_offset bigint not null,
    next_offset bigint not null check (next_offset >= start_offset),
    updated_at timestamp not null default timezone('utc', now()),
    primary key (topic_id, partition)
);

comment on column stream_offsets.start_offset is 'Where the product met this partition; nothing below was ever ours';

create table stream_commits (
    topic_id uuid not null,
    partition int not null,
    from_offset bigint not null,
    to_offset bigint not null check (to_offset > from_offset),
    kind text not null default 'batch' check (kind in ('batch', 'gap', 'rewind')),
    accepted bigint not null default 0,
    duplicates bigint not null default 0,
    quarantined bigint not null default 0,
    epoch bigint not null,
    batch_id bigint,
    policy_version text,
    latency_p50_ms double precision,
    latency_p99_ms double precision,
    latency_first_bucket int,
    latency_counts int[],
    newest_record_at timestamp,
    committed_at timestamp not null default timezone('utc', clock_timestamp())
) partition by range (committed_at);

comment on table stream_commits is
'One row a partition and batch: offsets [from_offset, to_offset). A gap was dropped by Kafka before it was read; '
'a rewind was lost by Kafka after it was read, and its offsets are handed out again';
comment on column stream_commits.newest_record_at is 'Kafka timestamp of the newest record in the batch';

create index stream_commits_by_time on stream_commits (committed_at);
create index stream_commits_by_epoch on stream_commits (epoch, batch_id);

grant select, insert, update on stream_offsets to heartbeat_stream;
grant select, insert on stream_commits to heartbeat_stream;
grant select on stream_offsets, stream_commits to heartbeat_hourly, heartbeat_reader;
