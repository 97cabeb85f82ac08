-- How many rows of each table retention has dropped.
select
    parent,
    sum(rows)::bigint as rows
from retention_log
group by parent;
