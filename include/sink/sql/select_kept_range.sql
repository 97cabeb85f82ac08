-- The first and the last day of which the database accepts readings, and what time it takes it to be.
-- Returns: first_day, last_day; now (UTC)
select
    first_day,
    last_day,
    timezone('utc', clock_timestamp()) as now
from kept_range();
