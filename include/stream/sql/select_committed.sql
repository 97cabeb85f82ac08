-- What a launch has committed since an instant, one row per ledger row. A ledger row is updated for a second: one that
-- is less than two seconds old is left to the next call, unless this is the last one.
-- Params:  lease text, epoch bigint, since timestamp (null for the launch's beginning), is_last boolean
-- Returns: until: the next call's `since`, and begun_at: from when the rows count, both the same in each row; accepted,
--          duplicates, quarantined, first bucket and counts of the latency, all null where nothing was committed
with span as (
    select
        coalesce(%(since)s::timestamp, stream_lease.started_at) as begun_at,
        timezone('utc', clock_timestamp()) - case when %(is_last)s then interval '0' else interval '2 seconds' end
            as until
    from stream_lease
    where stream_lease.name = %(lease)s
)

select
    greatest(span.until, span.begun_at) as until,
    span.begun_at,
    accepted,
    duplicates,
    quarantined,
    latency_first_bucket,
    latency_counts
from span
left join stream_commits
    on
        epoch = %(epoch)s
        and kind = 'batch'
        and committed_at >= span.begun_at
        and committed_at < greatest(span.until, span.begun_at);
