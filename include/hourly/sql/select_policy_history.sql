-- Which risk policy readings were classified by, and since when, in order.
-- Returns: version, since
select
    version,
    since
from policy_history
order by since;
