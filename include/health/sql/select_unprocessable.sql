-- The records since an instant that could not be processed and were not sent again: how many, and the newest.
-- Params:  reason text; since timestamp (UTC)
-- Returns: record_count, partition, offset; no row if there are none
select
    count(*) over () as record_count,
    partition,
    "offset"
from dead_letters
where
    reason = %(reason)s
    and recorded_at > %(since)s
    and replayed_at is null
order by recorded_at desc, "offset" desc
limit 1;
