-- The readings' key is led by the slot, then by the customer: it finds one customer's readings by a look-up for each
-- slot, where it used to pass over everybody's (docs/decisions/0025). The days' indexes were made before, one after the
-- other, while readings were stored (0050_key_readings_by_the_slot.before.sql): here they are only put together.
create unique index heartbeats_key on heartbeats (slot_of(event_time), customer_id, event_time);

-- The former key stays while a stream of an earlier version may store by it: a launch of this one drops it, once
-- the one before is locked out. A query that runs meanwhile is not waited for: then a later launch does it.
-- Returns: whether it is gone
create function drop_former_key() returns boolean
language plpgsql
security definer
set search_path = public, pg_temp
as $$
begin
    if exists (select from pg_constraint where conrelid = 'heartbeats'::regclass and contype = 'p') then
        perform set_config('lock_timeout', '2s', true);
        alter table heartbeats drop constraint heartbeats_pkey;
    end if;
    return true;
exception
    when lock_not_available then
        return false;
end;
$$;

revoke execute on function drop_former_key() from public;
grant execute on function drop_former_key() to heartbeat_stream;

-- Where no stream has ever run, none needs it.
select drop_former_key()
where not exists (select from stream_lease);

-- The newest reading up to an instant. The key knows the newest slot; of that one, all readings are looked at.
create function newest_reading(until timestamp) returns timestamp
language sql
stable
set search_path = public, pg_temp
as $$
    with newest as materialized (
        select slot_of(event_time) as slot
        from heartbeats
        where slot_of(event_time) <= slot_of(until) and event_time <= until
        order by slot_of(event_time) desc
        limit 1
    )

    select max(heartbeats.event_time)
    from newest
    inner join heartbeats
        on
            slot_of(heartbeats.event_time) = newest.slot
            and heartbeats.event_time >= newest.slot
            and heartbeats.event_time < newest.slot + slot_length()
    where heartbeats.event_time <= until;
$$;

comment on function newest_reading(timestamp) is
'The event time of the newest reading up to an instant, null if there is none';

grant execute on function newest_reading(timestamp) to heartbeat_stream, heartbeat_hourly, heartbeat_reader;

-- As before, but by the key's slots. The column `slot` lets a check for repeated readings go in the key's order.
create or replace view readings_of_hour as
select
    id,
    customer_id,
    heart_rate,
    event_time,
    risk_level,
    ingested_at,
    slot_of(event_time) as slot
from heartbeats
where
    event_time >= (select (current_setting('heartbeat.hours')::timestamp[])[1])
    and event_time < (select (current_setting('heartbeat.hours')::timestamp[])[1] + interval '1 hour')
    and slot_of(event_time) >= (select (current_setting('heartbeat.hours')::timestamp[])[1])
    and slot_of(event_time) < (select (current_setting('heartbeat.hours')::timestamp[])[1] + interval '1 hour');

create or replace view readings_of_hours as
select
    readings.id,
    readings.customer_id,
    readings.heart_rate,
    readings.event_time,
    readings.risk_level,
    readings.ingested_at,
    slot_of(readings.event_time) as slot
from unnest(current_setting('heartbeat.hours')::timestamp[]) as hours (hour)
cross join
    lateral (
        select *
        from heartbeats
        where
            event_time >= hour
            and event_time < hour + interval '1 hour'
            and slot_of(event_time) >= hour
            and slot_of(event_time) < hour + interval '1 hour'
        -- So each hour is looked up by the index, whatever the view is joined with. Else all days may be read.
        offset 0 -- noqa: AM09
    ) as readings;

-- As before, but by the key's slots.
create or replace function unpublished_hours(day date) returns setof timestamp
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
                where
                    heartbeats.event_time >= hours.hour
                    and heartbeats.event_time < hours.hour + interval '1 hour'
                    and slot_of(heartbeats.event_time) >= hours.hour
                    and slot_of(heartbeats.event_time) < hours.hour + interval '1 hour'
            )
        )
    order by hours.hour;
$$;
