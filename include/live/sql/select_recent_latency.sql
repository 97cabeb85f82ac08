-- The latencies of the last while, as records by bucket (see include/domain/latency.py).
-- Params:  since timestamp (UTC)
-- Returns: bucket, records
select
    (latency_first_bucket + place - 1)::int as bucket,
    sum(records)::bigint as records
from stream_commits
cross join lateral unnest(latency_counts) with ordinality as counts (records, place)
where committed_at >= %(since)s
group by bucket
order by bucket;
