-- Rejected records as they came. Partitioned by the day of recording, so that retention drops whole days.
create table dead_letters (
    id bigint generated always as identity (cache 100),
    topic_id uuid not null,
    topic text not null,
    partition int not null,
    "offset" bigint not null,
    key bytea,
    value bytea,
    headers jsonb,
    kafka_timestamp timestamp,
    reason text not null,
    detail text not null,
    recorded_at timestamp not null default timezone('utc', now()),
    replayed_at timestamp,
    primary key (topic_id, partition, "offset", recorded_at)
) partition by range (recorded_at);

comment on column dead_letters.headers is 'Array of {"key": text, "value": base64 or null}; null if there were none';

create index dead_letters_by_reason on dead_letters (reason, recorded_at);

grant insert on dead_letters to heartbeat_stream;
-- The reader sees what was rejected and why, not the raw bytes, which may hold anything about a person.
grant select (
    id, topic_id, topic, partition, "offset", kafka_timestamp, reason, detail, recorded_at, replayed_at
) on dead_letters to heartbeat_reader, heartbeat_hourly;
