-- The hours of a day that keep it from being dropped.
-- Params:  day date
select hours.hour
from unpublished_hours(%(day)s) as hours (hour);
