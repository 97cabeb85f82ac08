-- The customers heard lately, by the level of each one's newest reading: the live page's own query and number.
-- Params:  customers_now: that query, up to the range's end
select distinct
    normal,
    elevated,
    high,
    reach_seconds
from %(customers_now)s as seen;
