-- The records of the last while that could not be processed and were not sent again since: how many, and the newest.
-- Params:  reason text; window_seconds double precision
-- Returns: record_count, partition, offset; no row if there are none
select
    count(*) over () as record_count,
    partition,
    "offset"
from dead_letters
where
    reason = %(reason)s
    and recorded_at > timezone('utc', clock_timestamp()) - make_interval(secs => %(window_seconds)s)
    and replayed_at is null
order by recorded_at desc, "offset" desc
limit 1;
