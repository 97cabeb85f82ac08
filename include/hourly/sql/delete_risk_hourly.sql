-- Delete the sums per risk level of the given hours.
-- Params:  hours timestamp[]
delete from risk_hourly
where hour = any(%(hours)s);
