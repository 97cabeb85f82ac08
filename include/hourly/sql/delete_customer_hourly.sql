-- Take these hours' sums a customer back.
-- Params:  hours timestamp[]
delete from customer_hourly
where hour = any(%(hours)s);
