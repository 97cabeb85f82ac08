-- Delete where partitions ended at the ends of hours long gone.
-- Params:  kept_days int
delete from hour_ends
where hour < timezone('utc', now()) - make_interval(days => %(kept_days)s);
