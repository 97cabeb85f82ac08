-- What the hourly job decided about each hour, and the state of every hour as it is at this instant.
create table settled_hours (
    hour timestamp primary key check (hour = date_trunc('hour', hour)),
    state text not null check (state in ('published', 'withheld')),
    reason text,
    readings bigint not null,
    ledger_readings bigint not null,
    mean_bpm numeric(5, 2),
    revision int not null,
    run_id bigint not null,
    settled_at timestamp not null default timezone('utc', now()),
    check ((state = 'withheld') = (reason is not null))
);

comment on column settled_hours.ledger_readings is
'Readings that the stream noted for this hour in touched_hours, up to the last time it was settled';
comment on column settled_hours.revision is
'How many times rows were published for this hour; a rerun without news is none';

-- A reading that comes late changes its hour's state in the very transaction that stores it.
create view hour_status as
select
    coalesce(settled.hour, touched.hour) as hour,
    case
        when settled.hour is null then 'open'
        when settled.state = 'published' and touched.hour is not null then 'reopened'
        else settled.state
    end as state,
    settled.reason,
    coalesce(settled.readings, 0) as readings,
    coalesce(settled.revision, 0) as revision,
    coalesce(touched.readings, 0) as unsettled_readings,
    settled.run_id,
    settled.settled_at
from settled_hours as settled
full outer join (
    select
        hour,
        sum(readings)::bigint as readings
    from touched_hours
    group by hour
) as touched on settled.hour = touched.hour;

comment on view hour_status is
'open: has readings, never settled; published: the hourly tables are up to date; reopened: they are a revision '
'behind; withheld: a critical check failed, see reason, nothing is published';

grant select, insert, update on settled_hours to heartbeat_hourly;
grant select on settled_hours to heartbeat_reader;
grant select on hour_status to heartbeat_hourly, heartbeat_reader;
