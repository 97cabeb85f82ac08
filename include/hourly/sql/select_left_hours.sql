-- The published hours that are still marked as waiting, since the run that settled them broke off before it was done.
-- Returns: hour
select hour
from hour_status
where state = 'published' and unsettled_since is not null;
