-- The latencies of commits, as records by bucket (see include/domain/latency.py).
-- Params:  epoch bigint: of this launch, or null for all; since timestamp: (UTC), or null for all
-- Returns: bucket, records
select
    (latency_first_bucket + place - 1)::int as bucket,
    sum(records)::bigint as records
from stream_commits
cross join lateral unnest(latency_counts) with ordinality as counts (records, place)
where
    (%(epoch)s::bigint is null or epoch = %(epoch)s)
    and committed_at >= coalesce(%(since)s::timestamp, '-infinity')
group by bucket;
