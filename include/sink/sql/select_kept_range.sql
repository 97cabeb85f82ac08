-- The first and the last day that the database takes readings of.
select
    first_day,
    last_day
from kept_range();
