-- Limits of a customer's own, and pauses in which nobody expects readings. Both have validity in event time.
create table customer_limits (
    id bigint generated always as identity primary key,
    customer_id uuid not null,
    rule text not null,
    valid_from timestamp not null,
    limit_bpm int check (limit_bpm between 30 and 220),
    clear_bpm int check (clear_bpm between 30 and 220),
    after_seconds double precision check (after_seconds between 1 and 604800),
    set_by text not null,
    set_at timestamp not null default timezone('utc', clock_timestamp()),
    check (clear_bpm is null or limit_bpm is not null),
    check (limit_bpm is null or after_seconds is null)
);

comment on table customer_limits is
'Append-only; id is the version. The newest row for a rule and instant counts; one without limits means the policy''s';

create index customer_limits_by_customer on customer_limits (customer_id);

create table customer_pauses (
    id bigint generated always as identity primary key,
    customer_id uuid not null,
    starts timestamp not null,
    ends timestamp,
    noted_by text not null,
    noted_at timestamp not null default timezone('utc', clock_timestamp()),
    check (ends > starts)
);

comment on table customer_pauses is 'No silence lies in a noted pause [starts, ends); one without an end goes on';

create index customer_pauses_by_customer on customer_pauses (customer_id);

-- Whose episodes are to be looked at again, from which time on: limits and pauses may lie in the past.
create table alarm_touches (
    id bigint generated always as identity primary key,
    customer_id uuid not null,
    since timestamp not null,
    noted_at timestamp not null default timezone('utc', clock_timestamp())
);

grant select, insert on customer_limits, customer_pauses to heartbeat_alarms;
grant update (ends) on customer_pauses to heartbeat_alarms;
grant select, insert, delete on alarm_touches to heartbeat_alarms;
grant select on customer_limits, customer_pauses to heartbeat_reader;
