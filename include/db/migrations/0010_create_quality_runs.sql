-- What was checked: one row a run, what was measured in each of its hours, and the outcome of each expectation.
create table quality_runs (
    id bigint generated always as identity primary key,
    policy_version text not null,
    first_hour timestamp not null,
    last_hour timestamp not null,
    hours int not null,
    published int not null default 0,
    withheld int not null default 0,
    warnings int not null default 0,
    docs_page text,
    started_at timestamp not null default timezone('utc', now()),
    finished_at timestamp
);

comment on column quality_runs.finished_at is 'Null for a run that ended before its decision was stored';
comment on column quality_runs.docs_page is 'The run''s page, below the root of the Data Docs site';

create table hour_facts (
    run_id bigint not null references quality_runs (id) on delete cascade,
    hour timestamp not null,
    readings bigint not null,
    ledger_readings bigint not null,
    ledger_difference bigint not null,
    null_values bigint not null,
    out_of_range bigint not null,
    wrong_levels bigint not null,
    repeated_readings bigint not null,
    outside_hour bigint not null,
    early_readings bigint not null,
    delay_p95_seconds double precision,
    quarantined bigint not null,
    quarantine_share double precision,
    poorly_covered_share double precision,
    mean_drift double precision,
    primary key (run_id, hour)
);

comment on table hour_facts is
'One row of figures an hour, nothing about a person: this is what the expectations see. Null where there is too '
'little to judge';

create table quality_results (
    run_id bigint not null references quality_runs (id) on delete cascade,
    hour timestamp not null,
    expectation text not null,
    severity text not null check (severity in ('critical', 'warning')),
    passed boolean not null,
    observed double precision,
    at_least double precision,
    at_most double precision,
    primary key (run_id, hour, expectation)
);

create index quality_results_by_hour on quality_results (hour, run_id);

grant select, insert, update on quality_runs to heartbeat_hourly;
grant select, insert on hour_facts, quality_results to heartbeat_hourly;
grant select on quality_runs, hour_facts, quality_results to heartbeat_reader;

-- The share of rejected records is counted by the hour of their Kafka timestamp.
create index dead_letters_by_record_time on dead_letters (kafka_timestamp);
