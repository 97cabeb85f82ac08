-- The stream commits many times a second. What it needs for that:
-- its fence stands on the rows that a commit moves, so that neither the renewal of the lease nor a take-over waits for
-- a task; a run of commits is one row of the ledger, rewritten in place; and what is tried again and again is known.
alter table stream_offsets
add column epoch bigint not null default 0,
add column rewinds int not null default 0,
add column tries int not null default 0,
add column tried_offset bigint,
add column tried_until bigint;

comment on column stream_offsets.epoch is 'The launch that may move this row; a later one writes its own number here';
comment on column stream_offsets.rewinds is
'How often Kafka has lost this partition''s tail and handed out offsets again';
comment on column stream_offsets.tries is
'How often a task has begun at tried_offset without an orderly end: twice or more, and it goes on with care';
comment on column stream_offsets.tried_until is
'Where the piece ends that a careful task was trying last; null unless one is at work or died of it';

-- Rewritten in place some forty times a second: room on the page keeps that cheap.
alter table stream_offsets set (fillfactor = 50);

update stream_offsets set epoch = (select coalesce(max(epoch), 0) from stream_lease);

alter table stream_lease add column turn bigint not null default 0;

comment on column stream_lease.turn is 'The running turn; a task of an earlier one ends';

-- A turn is no batch: what is stored together has no number of its own.
drop index stream_commits_by_epoch;
alter table stream_commits drop column batch_id;
create index stream_commits_by_epoch on stream_commits (epoch, committed_at);

grant update (
    to_offset, accepted, duplicates, quarantined, latency_p50_ms, latency_p99_ms, latency_first_bucket, latency_counts,
    newest_record_at
) on stream_commits to heartbeat_stream;

-- After a rewind an offset stands for another record, which may be rejected too.
alter table dead_letters add column rewinds int not null default 0;

comment on column dead_letters.rewinds is 'How often the partition had lost its tail when the record was read';

do $$
declare
    leaf regclass;
    old_index regclass;
begin
    for leaf in select inhrelid from pg_inherits where inhparent = 'dead_letters'::regclass loop
        for old_index in
            select pg_index.indexrelid
            from pg_index
            where
                pg_index.indrelid = leaf
                and pg_index.indisunique
                and not pg_index.indisprimary
        loop
            execute format('drop index %s', old_index);
        end loop;
        execute format('create unique index on %s (topic_id, partition, "offset", rewinds)', leaf);
    end loop;
    for leaf in select inhrelid from pg_inherits where inhparent = 'stream_commits'::regclass loop
        execute format('alter table %s set (fillfactor = 70)', leaf);
    end loop;
end;
$$;

-- As before, but for the dead letters' key, the ledger's fill factor, which a table does not take from its parent, and
-- the second look at whether there is a table, which failed where several tasks began a day at once.
create or replace function ensure_day_partition(parent text, day date) returns boolean
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
    leaf text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
begin
    if parent not in ('heartbeats', 'dead_letters', 'stream_commits') then
        raise exception 'no day partitions are kept for %', parent;
    end if;
    if to_regclass(leaf) is not null then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext(parent));
    -- Not to_regclass: a session may go on believing what it looked up before it waited for the lock.
    if exists (select from pg_class where relname = leaf and relnamespace = 'public'::regnamespace) then
        return false;
    end if;
    execute format('create table %I (like %I including all excluding identity)', leaf, parent);
    if parent = 'stream_commits' then
        execute format('alter table %I set (fillfactor = 70)', leaf);
    end if;
    execute format(
        'alter table %I attach partition %I for values from (%L) to (%L)', parent, leaf, day, day + 1
    );
    if parent = 'dead_letters' then
        execute format('create unique index on %I (topic_id, partition, "offset", rewinds)', leaf);
    end if;
    return true;
end;
$$;
