-- Make a table's partition for one day, if it is missing.
-- Params:  parent text, day date
select ensure_day_partition(%(parent)s, %(day)s);
