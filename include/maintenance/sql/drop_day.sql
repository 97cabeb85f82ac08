-- Drop one day of a table, if all its hours are published.
-- Params:  parent text, day date
-- Returns: how many rows it had, null if there was no such partition
select drop_day_partition(%(parent)s, %(day)s);
