-- Delete the sums per customer of the given hours.
-- Params:  hours timestamp[]
delete from customer_hourly
where hour = any(%(hours)s);
