-- Forget who was held back in the hours before those that are kept, where their readings are gone too.
-- Params:  before timestamp (UTC), the first instant that stays
-- Returns: hour, held_back: how many rows that were
with gone as (
    delete from held_back_customers
    where
        hour < %(before)s
        and to_regclass('heartbeats_' || to_char(hour, 'YYYYMMDD')) is null
    returning hour
)

select
    hour,
    count(*) as held_back
from gone
group by hour
order by hour;
