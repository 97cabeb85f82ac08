-- The first and the last day of which the database accepts readings.
select
    first_day,
    last_day
from kept_range();
