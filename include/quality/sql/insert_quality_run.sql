-- Begin a run of the checks.
-- Params:  policy_version text; first_hour, last_hour timestamp; hours int
-- Returns: id
insert into quality_runs (policy_version, first_hour, last_hour, hours)
values (%(policy_version)s, %(first_hour)s, %(last_hour)s, %(hours)s)
returning id;
