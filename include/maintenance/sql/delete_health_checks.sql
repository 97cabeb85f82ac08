-- Delete old findings of health checks.
-- Params:  kept_days int
delete from health_checks
where checked_at < timezone('utc', now()) - make_interval(days => %(kept_days)s);
