-- Refresh the planner's statistics of a partitioned table as a whole.
-- Params:  parent text
select refresh_statistics(%(parent)s);
