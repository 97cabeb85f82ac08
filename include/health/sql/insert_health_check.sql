-- Note one finding.
-- Params:  checked_at timestamp (UTC), name, status text, value, threshold double precision, message text
insert into health_checks (checked_at, name, status, value, threshold, message)
values (%(checked_at)s, %(name)s, %(status)s, %(value)s, %(threshold)s, %(message)s);
