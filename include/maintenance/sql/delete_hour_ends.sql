-- Delete the partition ends that were stored for old hours.
-- Params:  kept_days int
delete from hour_ends
where hour < timezone('utc', now()) - make_interval(days => %(kept_days)s);
