-- A customer whose device sends mostly what is rejected is held back, and not the hour of all the others. For that it
-- is kept whose rejected record it was and of when, as far as the record says so.
alter table dead_letters
add column customer_id uuid,
add column event_time timestamp;

comment on column dead_letters.customer_id is
'Whose record it was; null where it names no customer, and for what was rejected before this was kept';
comment on column dead_letters.event_time is
'The instant that the record gives for its reading, from 1970 up to the year 9999; null where it gives none';

-- A rejected record counts in the hour in which it would count if it were accepted. What tells no such instant counts
-- in the hour of its Kafka timestamp, or in that in which it was rejected.
create index dead_letters_by_hour on dead_letters (coalesce(event_time, kafka_timestamp, recorded_at));
drop index dead_letters_by_record_time;

grant select (customer_id, event_time) on dead_letters to heartbeat_hourly;
grant select (customer_id, event_time, kafka_timestamp, recorded_at) on dead_letters to heartbeat_replay;

create table held_back_customers (
    hour timestamp not null check (hour = date_trunc('hour', hour)),
    customer_id uuid not null,
    rule text not null,
    observed double precision not null,
    readings bigint not null,
    rejected bigint not null,
    detail text not null,
    primary key (hour, customer_id, rule)
);

comment on table held_back_customers is
'Whose readings of an hour are in no hourly table, and which rule of the quality policy they break. Written when the '
'hour is settled';
comment on column held_back_customers.readings is 'Accepted readings of this customer in the hour';
comment on column held_back_customers.rejected is
'Rejected records of this customer in the hour that were not sent again';

grant select, insert, update, delete on held_back_customers to heartbeat_hourly;
grant select on held_back_customers to heartbeat_reader;

-- Why an hour is to be settled again though no reading came for it. Append only, like the notes of the stream once:
-- a settling deletes what its snapshot sees, and what commits meanwhile stays for the next one.
create table reopened_hours (
    hour timestamp not null check (hour = date_trunc('hour', hour)),
    noted_at timestamp not null default timezone('utc', clock_timestamp())
);

comment on table reopened_hours is
'Hours of which a rejected record was sent again, or which a person accepted, since they were settled';

create index reopened_hours_by_hour on reopened_hours (hour);

grant insert on reopened_hours to heartbeat_replay;
grant select, insert, delete on reopened_hours to heartbeat_hourly;
grant select on reopened_hours to heartbeat_reader;

-- As before, but for those.
create or replace view hour_status as
select
    coalesce(settled.hour, counted.hour) as hour,
    case
        when settled.hour is null then 'open'
        when
            settled.state = 'published'
            and (counted.readings <> settled.ledger_readings or asked.noted_at is not null)
            then 'reopened'
        else settled.state
    end as state,
    settled.reason,
    coalesce(settled.readings, 0) as readings,
    coalesce(settled.revision, 0) as revision,
    coalesce(counted.readings - coalesce(settled.ledger_readings, 0), 0) as unsettled_readings,
    settled.run_id,
    settled.settled_at,
    least(counted.noted_at, asked.noted_at) as unsettled_since
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
) as counted on settled.hour = counted.hour
left join (
    select
        hour,
        min(noted_at) as noted_at
    from reopened_hours
    group by hour
) as asked on settled.hour = asked.hour;

comment on view hour_status is
'open: has readings, never settled; published: the hourly tables are up to date; reopened: late readings, records that '
'were sent again or a person''s word are not in them yet; withheld: a critical check failed, see reason, nothing is '
'published';

alter table hour_facts
add column unnamed bigint not null default 0,
add column unnamed_share double precision,
add column held_back bigint not null default 0;

comment on column hour_facts.quarantined is
'Rejected records that name a customer and were not sent again, by the instant that they give';
comment on column hour_facts.unnamed is
'Rejected records that name no customer and were not sent again; they hold nobody back';
comment on column hour_facts.held_back is 'Customers who are held back';
