-- The range's hours by what the hourly job last decided.
-- Params:  range_start, range_end timestamp (UTC)
select
    count(*) filter (where state = 'published') as published,
    count(*) filter (where state = 'withheld') as withheld
from settled_hours
where hour >= %(range_start)s - interval '1 hour' and hour < %(range_end)s;
