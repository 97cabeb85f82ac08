-- Set for how many days the database keeps readings.
-- Params:  kept_days int
update time_limits set kept_days = %(kept_days)s;
