-- Make one day's partition of a table that is partitioned by day, if it is not there yet.
-- The table is made apart and then attached: that takes a lock which running inserts do not wait for.
create function ensure_day_partition(parent text, day date) returns boolean
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
    if to_regclass(leaf) is not null then
        return false;
    end if;
    execute format('create table %I (like %I including all excluding identity)', leaf, parent);
    execute format(
        'alter table %I attach partition %I for values from (%L) to (%L)', parent, leaf, day, day + 1
    );
    if parent = 'dead_letters' then
        execute format('create unique index on %I (topic_id, partition, "offset")', leaf);
    end if;
    return true;
end;
$$;

revoke execute on function ensure_day_partition(text, date) from public;
grant execute on function ensure_day_partition(text, date) to heartbeat_stream;
