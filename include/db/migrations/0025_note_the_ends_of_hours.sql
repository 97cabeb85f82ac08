-- Where each partition ended when an hour had ended, asked once: the stream has passed the hour when that is committed.
create table hour_ends (
    hour timestamp not null check (hour = date_trunc('hour', hour)),
    topic_id uuid not null,
    partition int not null,
    end_offset bigint not null,
    asked_at timestamp not null,
    primary key (topic_id, hour, partition),
    check (asked_at >= hour + interval '1 hour')
);

comment on table hour_ends is
'The offset at which each Kafka partition ended at asked_at, at or after the hour''s end';
comment on column hour_ends.asked_at is 'By this database''s clock, just before the broker was asked';

grant select, insert, delete on hour_ends to heartbeat_hourly;
grant select on hour_ends to heartbeat_reader;
