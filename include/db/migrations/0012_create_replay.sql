-- Sending dead letters again: which run claimed a letter, and where its copy lies in Kafka.
create table replay_runs (
    id bigint generated always as identity primary key,
    topic text not null,
    topic_id uuid not null,
    claim_offsets jsonb not null,
    started_at timestamp not null default timezone('utc', now()),
    ended_at timestamp
);

comment on table replay_runs is 'One row a replay that sends; ended_at stays null for a run that broke off';
comment on column replay_runs.claim_offsets is
'Where each Kafka partition ended just before the newest claim was sent: {"partition": offset}. What a broken run sent '
'of that claim lies at or after these offsets';

alter table dead_letters
add column replay_run bigint,
add column replayed_topic_id uuid,
add column replayed_partition int,
add column replayed_offset bigint;

create index dead_letters_by_replay_run on dead_letters (replay_run) where replay_run is not null;

comment on column dead_letters.replay_run is
'The run that claimed this letter; without replayed_at it is not yet known as sent';

-- What became of each letter that was sent again. A copy that failed again is a dead letter at the copy's own offset;
-- one that repeats a stored reading counts as accepted here.
create view replay_outcomes as
select
    letters.replay_run,
    letters.topic,
    letters.partition,
    letters."offset",
    letters.reason,
    letters.recorded_at,
    letters.replayed_at,
    letters.replayed_partition,
    letters.replayed_offset,
    again.reason as rejected_again,
    case
        when again.reason is not null then 'rejected'
        when stream_offsets.next_offset > letters.replayed_offset then 'accepted'
        else 'waiting'
    end as outcome
from dead_letters as letters
left join stream_offsets
    on letters.replayed_topic_id = stream_offsets.topic_id and letters.replayed_partition = stream_offsets.partition
left join dead_letters as again
    on
        letters.replayed_topic_id = again.topic_id
        and letters.replayed_partition = again.partition
        and letters.replayed_offset = again."offset"
where letters.replayed_at is not null;

-- The stream's role replays: it is the one that has seen these bytes before. It still cannot change or delete them.
grant select on dead_letters to heartbeat_stream;
grant update (replay_run, replayed_at, replayed_topic_id, replayed_partition, replayed_offset)
on dead_letters to heartbeat_stream;
grant select, insert, update on replay_runs to heartbeat_stream;
grant select (replay_run, replayed_topic_id, replayed_partition, replayed_offset)
on dead_letters to heartbeat_reader, heartbeat_hourly;
grant select on replay_runs, replay_outcomes to heartbeat_stream, heartbeat_hourly, heartbeat_reader;
