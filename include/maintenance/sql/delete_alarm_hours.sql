-- Delete the counts of episodes in hours before what is kept.
-- Params:  before timestamp (UTC), the first instant that stays
delete from customer_hourly_alarms
where hour < %(before)s;
