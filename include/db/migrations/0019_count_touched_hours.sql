-- How many readings the stream has stored of each hour, counted in place: a row for each hour and partition instead of
-- one for each commit. A partition's commits update only rows of that partition, so no two tasks wait for one another,
-- and the hourly job stores the sum that it has seen instead of deleting anything (docs/decisions/0012).
drop view hour_status;
alter table touched_hours rename to touched_hours_log;

create table touched_hours (
    hour timestamp not null check (hour = date_trunc('hour', hour)),
    topic_id uuid not null,
    partition int not null,
    readings bigint not null,
    noted_at timestamp default timezone('utc', clock_timestamp()),
    primary key (hour, topic_id, partition)
) with (fillfactor = 50);

comment on table touched_hours is
'Readings that the stream has stored of each hour, by the Kafka partition that they came from; what was counted before '
'there were partitions here stands under the nil UUID and partition -1';
comment on column touched_hours.noted_at is
'Since when readings of this counter wait to be summed up; null once they are';

-- Finds the hours that may have changed among all the others. A counter that is counted up keeps its noted_at, so its
-- update stays within the page and touches no index.
create index touched_hours_noted on touched_hours (hour) where noted_at is not null;

-- A settled hour begins with what it was settled with. The readings of a day that retention has dropped are counted
-- no more, so nothing of them counts as settled either.
update settled_hours
set ledger_readings = 0
where
    exists (
        select from retention_log
        where retention_log.parent = 'heartbeats' and retention_log.day = settled_hours.hour::date
    );

insert into touched_hours (hour, topic_id, partition, readings, noted_at)
select
    coalesce(settled.hour, noted.hour) as hour,
    '00000000-0000-0000-0000-000000000000' as topic_id,
    -1 as partition,
    coalesce(settled.ledger_readings, 0) + coalesce(noted.readings, 0) as readings,
    noted.noted_at
from settled_hours as settled
full outer join (
    select
        date_trunc('hour', hour) as hour,
        sum(readings)::bigint as readings,
        min(noted_at) as noted_at
    from touched_hours_log
    group by date_trunc('hour', hour)
) as noted on settled.hour = noted.hour
where settled.ledger_readings > 0 or noted.hour is not null;

drop table touched_hours_log;

comment on column settled_hours.ledger_readings is
'The sum of the hour''s counters in touched_hours when it was last settled; 0 once retention has dropped them';

-- A reading that comes late changes its hour's state in the very transaction that stores it. Only hours with a counter
-- that was noted since can have changed: the others are not added up again.
create view hour_status as
select
    coalesce(settled.hour, counted.hour) as hour,
    case
        when settled.hour is null then 'open'
        when settled.state = 'published' and counted.readings <> settled.ledger_readings then 'reopened'
        else settled.state
    end as state,
    settled.reason,
    coalesce(settled.readings, 0) as readings,
    coalesce(settled.revision, 0) as revision,
    coalesce(counted.readings - coalesce(settled.ledger_readings, 0), 0) as unsettled_readings,
    settled.run_id,
    settled.settled_at,
    counted.noted_at as unsettled_since
from settled_hours as settled
full outer join (
    select
        noted.hour,
        counters.readings,
        noted.noted_at
    from (
        select
            hour,
            min(noted_at) as noted_at
        from touched_hours
        where noted_at is not null
        group by hour
    ) as noted
    cross join lateral (
        select sum(touched_hours.readings)::bigint as readings
        from touched_hours
        where touched_hours.hour = noted.hour
    ) as counters
) as counted on settled.hour = counted.hour;

comment on view hour_status is
'open: has readings, never settled; published: the hourly tables are up to date; reopened: they are a revision '
'behind; withheld: a critical check failed, see reason, nothing is published';

grant select, insert, update (readings, noted_at) on touched_hours to heartbeat_stream;
grant select, update (noted_at) on touched_hours to heartbeat_hourly;
grant select on touched_hours to heartbeat_reader;
grant select on hour_status to heartbeat_hourly, heartbeat_reader;

-- As before; the counters of a day go with its readings.
create or replace function drop_day_partition(parent text, day date) returns bigint
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
    if parent = 'heartbeats' then
        delete from touched_hours where touched_hours.hour >= day and touched_hours.hour < day + 1;
        update settled_hours set ledger_readings = 0 where settled_hours.hour >= day and settled_hours.hour < day + 1;
    end if;
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
