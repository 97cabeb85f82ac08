-- Take these hours' sums a risk level back.
-- Params:  hours timestamp[]
delete from risk_hourly
where hour = any(%(hours)s);
