-- A person may accept what the checks refuse, with a reason.
create table accepted_failures (
    id bigint generated always as identity primary key,
    hour timestamp not null check (hour = date_trunc('hour', hour)),
    rule text not null,
    customer_id uuid,
    observed double precision not null,
    failure text not null,
    accepted_by text not null,
    reason text not null check (reason ~ '\S'),
    accepted_at timestamp not null default timezone('utc', clock_timestamp())
);

comment on table accepted_failures is
'What a person has accepted of an hour: an expectation that failed, or a rule that a customer broke. It stays accepted '
'as long as it is found no worse than it was then';
comment on column accepted_failures.rule is 'The name of the expectation, or of the rule about customers';
comment on column accepted_failures.customer_id is 'Null for an expectation about the whole hour';

create index accepted_failures_by_hour on accepted_failures (hour);

grant select, insert on accepted_failures to heartbeat_hourly;
grant select on accepted_failures to heartbeat_reader;

-- As before, with two differences. Only a day of readings waits for its hours: those of the ledger and of the dead
-- letters do not, or one hour that nobody can mend would keep every table from shrinking. And what is noted of hours
-- whose readings are gone goes with them.
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
    if parent = 'heartbeats' and exists (select from unpublished_hours(day)) then
        raise exception 'the day % has unpublished hours', day using errcode = 'object_not_in_prerequisite_state';
    end if;
    execute format('select count(*) from %I', leaf) into row_count;
    perform fold_day(parent, leaf);
    insert into retention_log (parent, day, rows) values (parent, day, row_count);
    if parent = 'heartbeats' then
        delete from touched_hours where touched_hours.hour >= day and touched_hours.hour < day + 1;
        update settled_hours set ledger_readings = 0 where settled_hours.hour >= day and settled_hours.hour < day + 1;
        delete from reopened_hours where reopened_hours.hour < day + 1;
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
