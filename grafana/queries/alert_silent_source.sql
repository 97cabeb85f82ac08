-- 1 if the stream has done all records and there is still no fresh reading, else 0.
-- What is fresh, heartbeat_health says: while nothing comes, HEALTH_SILENCE_SECONDS decides, and HEALTH_FRESH_SECONDS
-- of what comes. A stream that lags is no silence of the source, and neither is a check that could not be made: then
-- the lag has no value.
-- Returns: no row if the checks have not run for five minutes, which is an alert of its own
select (freshness.status <> 'ok' and coalesce(lag.value, 1) = 0)::int as is_silent
from health_checks as freshness
inner join health_checks as lag on freshness.checked_at = lag.checked_at
where
    freshness.name = 'freshness'
    and lag.name = 'lag'
    and freshness.checked_at > timezone('utc', now()) - interval '5 minutes'
order by freshness.checked_at desc
limit 1;
