-- Which run of the workflow a quality run belongs to, so that a page can lead to it.
alter table quality_runs add column workflow_run text;

comment on column quality_runs.workflow_run is
'The id of the run of heartbeat_hourly; null where the hours were settled without Airflow';
