-- What a launch has committed since an instant, row by row of the ledger. A row is written to for a second: until it is
-- two seconds old it is left to the next look, unless this is the last one.
-- Params:  lease text, epoch bigint, since timestamp (null for the launch's beginning), is_last boolean
-- Returns: until: the next look's `since`, and begun_at: since when the rows count, the same in each row; accepted,
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
