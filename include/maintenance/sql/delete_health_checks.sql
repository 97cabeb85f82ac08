-- Forget the findings of health checks that are too old.
-- Params:  kept_days int
delete from health_checks
where checked_at < timezone('utc', now()) - make_interval(days => %(kept_days)s);
