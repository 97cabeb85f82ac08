-- What Great Expectations checks, each as a table to it: the readings of the hours that its transaction names, and the
-- risk policies that were in force. An hour alone has a view of its own, whose one range of time PostgreSQL reads in
-- the order of the index: whether a reading is repeated is found in a quarter of the time. A setting within
-- `(select ...)` is parsed once, not for each row.
create view readings_of_hour as
select
    id,
    customer_id,
    heart_rate,
    event_time,
    risk_level,
    ingested_at
from heartbeats
where
    event_time >= (select (current_setting('heartbeat.hours')::timestamp[])[1])
    and event_time < (select (current_setting('heartbeat.hours')::timestamp[])[1] + interval '1 hour');

create view readings_of_hours as
select
    readings.id,
    readings.customer_id,
    readings.heart_rate,
    readings.event_time,
    readings.risk_level,
    readings.ingested_at
from unnest(current_setting('heartbeat.hours')::timestamp[]) as hours (hour)
cross join
    lateral (
        select *
        from heartbeats
        where event_time >= hour and event_time < hour + interval '1 hour'
        -- So each hour is looked up by the index, whatever the view is joined with. Else all days may be read.
        offset 0 -- noqa: AM09
    ) as readings;

create view risk_bands as
select
    since,
    until,
    high_at_most_bpm,
    elevated_at_most_bpm,
    elevated_at_least_bpm,
    high_above_bpm
from jsonb_to_recordset(current_setting('heartbeat.risk_bands')::jsonb) as band (
    since timestamp,
    until timestamp,
    high_at_most_bpm int,
    elevated_at_most_bpm int,
    elevated_at_least_bpm int,
    high_above_bpm int
);

comment on view readings_of_hour is
'The readings of the hour that the setting heartbeat.hours names, an array of one timestamp';
comment on view readings_of_hours is
'The readings of the hours that the setting heartbeat.hours names, an array of timestamps';
comment on view risk_bands is
'The bands of the risk policies, each with the time (since, until] of ingestion in which it was in force, as the '
'setting heartbeat.risk_bands tells them';

grant select on readings_of_hour, readings_of_hours, risk_bands to heartbeat_hourly;

-- Great Expectations counts these in the readings themselves; quality_results has what it found.
alter table hour_facts
alter column null_values drop not null,
alter column out_of_range drop not null,
alter column wrong_levels drop not null,
alter column repeated_readings drop not null,
alter column outside_hour drop not null;

comment on column hour_facts.null_values is 'Like the next four: null since expectations about the readings count it';
comment on table hour_facts is
'One row of figures an hour, nothing about a person: this is what the expectations about figures see. Null where there '
'is too little to judge';
