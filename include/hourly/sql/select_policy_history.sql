-- By which risk policy readings were classified, and since when, in order.
-- Returns: version, since
select
    version,
    since
from policy_history
order by since;
