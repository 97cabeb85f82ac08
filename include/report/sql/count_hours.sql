-- How many hours are known.
select count(*) as hours
from hour_status;
