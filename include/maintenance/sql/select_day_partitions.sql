-- The days that a table has partitions for.
-- Params:  parent text
select to_date(right(leaf.relname, 8), 'YYYYMMDD') as day
from pg_inherits
inner join pg_class as leaf on pg_inherits.inhrelid = leaf.oid
where pg_inherits.inhparent = to_regclass(%(parent)s)
order by day;
