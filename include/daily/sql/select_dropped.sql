-- Of which tables retention has dropped this day.
-- Params:  day date
select distinct parent
from retention_log
where day = %(day)s
order by parent;
