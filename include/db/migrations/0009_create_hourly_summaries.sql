-- The published sums of each hour. They hold only hours that hour_status calls published or reopened.
create table customer_hourly (
    hour timestamp not null,
    customer_id uuid not null,
    readings bigint not null check (readings = normal + elevated + high),
    normal bigint not null,
    elevated bigint not null,
    high bigint not null,
    min_bpm int not null,
    avg_bpm numeric(5, 2) not null,
    max_bpm int not null,
    coverage numeric(5, 4),
    first_event timestamp not null,
    last_event timestamp not null,
    primary key (hour, customer_id)
);

comment on column customer_hourly.coverage is
'Readings received against those expected at the median distance between the customer''s readings in this hour, '
'at most 1; null where one reading tells no distance';

create index customer_hourly_by_customer on customer_hourly (customer_id, hour);

create table risk_hourly (
    hour timestamp not null,
    risk_level varchar(20) not null check (risk_level in ('Normal', 'Elevated', 'High')),
    readings bigint not null,
    customers bigint not null,
    primary key (hour, risk_level)
);

comment on table risk_hourly is 'Three rows for each published hour, also for one without readings';

grant select, insert, delete on customer_hourly, risk_hourly to heartbeat_hourly;
grant select on customer_hourly, risk_hourly to heartbeat_reader;

-- The job sums into a temporary table first, so that what was checked is what is published.
do $$
begin
    execute format('grant temporary on database %I to heartbeat_hourly', current_database());
end;
$$;
