-- Retention drops whole days, and keeps the sums of what it dropped, so that the accounting adds up for ever.
create table retention_log (
    dropped_at timestamp not null default timezone('utc', now()),
    parent text not null,
    day date not null,
    rows bigint not null
);

comment on table retention_log is
'One row a dropped day; a day that got late rows afterwards is dropped, and logged, again';

create table dropped_totals (
    topic_id uuid not null,
    partition int not null,
    covered bigint not null default 0,
    gap bigint not null default 0,
    rewound bigint not null default 0,
    accepted bigint not null default 0,
    duplicates bigint not null default 0,
    quarantined bigint not null default 0,
    dead_letters bigint not null default 0,
    primary key (topic_id, partition)
);

comment on table dropped_totals is
'What the dropped days held of each partition: the sums of stream_commits (covered, gap and rewound in offsets, the '
'outcomes in records), and the number of dead_letters';

grant select on retention_log, dropped_totals to heartbeat_hourly, heartbeat_reader;
grant delete on quality_runs to heartbeat_hourly;

-- The hours of a day that must not go yet: not published, changed since, or never noted though they hold readings.
create function unpublished_hours(day date) returns setof timestamp
language sql
stable
set search_path = public, pg_temp
as $$
    select hours.hour
    from (
        select day + make_interval(hours => number) as hour
        from generate_series(0, 23) as number
    ) as hours
    left join hour_status on hours.hour = hour_status.hour
    where
        hour_status.state <> 'published'
        or (
            hour_status.hour is null
            and exists (
                select from heartbeats
                where heartbeats.event_time >= hours.hour and heartbeats.event_time < hours.hour + interval '1 hour'
            )
        )
    order by hours.hour;
$$;

revoke execute on function unpublished_hours(date) from public;
grant execute on function unpublished_hours(date) to heartbeat_hourly, heartbeat_reader;

-- Add the sums of one day of the ledger or of the dead letters to dropped_totals.
create function fold_day(parent text, leaf text) returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
    sums text;
begin
    if parent = 'stream_commits' then
        sums := 'coalesce(sum(to_offset - from_offset) filter (where kind = ''batch''), 0),
            coalesce(sum(to_offset - from_offset) filter (where kind = ''gap''), 0),
            coalesce(sum(to_offset - from_offset) filter (where kind = ''rewind''), 0),
            sum(accepted), sum(duplicates), sum(quarantined), 0';
    elsif parent = 'dead_letters' then
        sums := '0, 0, 0, 0, 0, 0, count(*)';
    else
        return;
    end if;
    execute format(
        'insert into dropped_totals as totals (
            topic_id, partition, covered, gap, rewound, accepted, duplicates, quarantined, dead_letters
        )
        select topic_id, partition, %s from %I group by topic_id, partition
        on conflict (topic_id, partition) do update
        set
            covered = totals.covered + excluded.covered,
            gap = totals.gap + excluded.gap,
            rewound = totals.rewound + excluded.rewound,
            accepted = totals.accepted + excluded.accepted,
            duplicates = totals.duplicates + excluded.duplicates,
            quarantined = totals.quarantined + excluded.quarantined,
            dead_letters = totals.dead_letters + excluded.dead_letters',
        sums, leaf
    );
end;
$$;

revoke execute on function fold_day(text, text) from public;

-- Drop one day with all its rows, and return how many these were; null if there is no such partition.
-- In one transaction, in this order: let nobody write to the day any more, check that all its hours are published,
-- count and add up, then drop. Only the drop needs the lock on the whole table that a running insert waits for: it is
-- asked for in short tries, so that no insert waits longer than one try. Raises object_not_in_prerequisite_state for a
-- day that must stay, and lock_not_available if the table was never free.
create function drop_day_partition(parent text, day date) returns bigint
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
    leaf text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    tries int := 20;
    row_count bigint;
begin
    if parent not in ('heartbeats', 'dead_letters', 'stream_commits') then
        raise exception 'no day partitions are kept for %', parent;
    end if;
    if day >= timezone('utc', now())::date - 1 then
        raise exception 'the day % is too young to be dropped', day using errcode = 'object_not_in_prerequisite_state';
    end if;
    if not exists (
        select from pg_inherits where inhparent = to_regclass(parent) and inhrelid = to_regclass(leaf)
    ) then
        return null;
    end if;
    perform set_config('lock_timeout', '3s', true);
    execute format('lock table %I in share row exclusive mode', leaf);
    if exists (select from unpublished_hours(day)) then
        raise exception 'the day % has unpublished hours', day using errcode = 'object_not_in_prerequisite_state';
    end if;
    execute format('select count(*) from %I', leaf) into row_count;
    perform fold_day(parent, leaf);
    insert into retention_log (parent, day, rows) values (parent, day, row_count);
    perform set_config('lock_timeout', '200ms', true);
    loop
        begin
            execute format('drop table %I', leaf);
            return row_count;
        exception when lock_not_available then
            tries := tries - 1;
            if tries = 0 then
                raise;
            end if;
        end;
        perform pg_sleep(0.1 + random() * 0.2);
    end loop;
end;
$$;

revoke execute on function drop_day_partition(text, date) from public;
grant execute on function drop_day_partition(text, date) to heartbeat_hourly;
grant execute on function ensure_day_partition(text, date) to heartbeat_hourly;

-- Refresh a table's statistics over all its days; autovacuum sees to each day, never to the whole.
create function refresh_statistics(parent text) returns void
language plpgsql
security definer
set search_path = public, pg_temp
as $$
begin
    if parent not in ('heartbeats', 'dead_letters', 'stream_commits') then
        raise exception 'no day partitions are kept for %', parent;
    end if;
    execute format('analyze only %I', parent);
end;
$$;

revoke execute on function refresh_statistics(text) from public;
grant execute on function refresh_statistics(text) to heartbeat_hourly;
