-- The published summary of one hour; no row where the hour is not published.
-- Params:  hour  timestamp (UTC)
select
    risk_level,
    readings,
    customers
from risk_hourly
where hour = %(hour)s
order by risk_level;
