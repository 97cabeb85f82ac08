-- What the database keeps is bounded, whatever a record says about its time (docs/decisions/0014): days far from now
-- are refused, and beside each partition's offset stands the newest reading met in it, which what comes later is held
-- against.
create table time_limits (
    is_only boolean primary key default true check (is_only),
    kept_days int not null check (kept_days > 0),
    days_ahead int not null check (days_ahead >= 1)
);

comment on table time_limits is
'One row: for how many days readings are kept, and how many days ahead a partition may be made. `migrate` sets it from '
'the settings';

insert into time_limits (kept_days, days_ahead) values (97, 3);

grant select on time_limits to heartbeat_stream, heartbeat_hourly, heartbeat_reader;

-- The first and the last day that the database takes readings of, by its own clock.
create function kept_range(out first_day date, out last_day date)
language sql
stable
set search_path = public, pg_temp
as $$
    select
        timezone('utc', now())::date - kept_days,
        timezone('utc', now())::date + days_ahead
    from time_limits;
$$;

revoke execute on function kept_range() from public;
grant execute on function kept_range() to heartbeat_stream, heartbeat_hourly, heartbeat_reader;

alter table stream_offsets add column newest_event_at timestamp not null default timezone('utc', now());

comment on column stream_offsets.newest_event_at is
'The newest event time of the valid readings below next_offset; before the first one, when the partition was met';

-- As before, but that a day outside kept_range() is not made.
create or replace function ensure_day_partition(parent text, day date) returns boolean
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
    leaf text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    kept record;
begin
    if parent not in ('heartbeats', 'dead_letters', 'stream_commits') then
        raise exception 'no day partitions are kept for %', parent;
    end if;
    if to_regclass(leaf) is not null then
        return false;
    end if;
    select * into kept from kept_range();
    if day is null or day not between kept.first_day and kept.last_day then
        raise exception 'the day % lies outside those that are kept, % to %', day, kept.first_day, kept.last_day
        using errcode = 'datetime_field_overflow';
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
