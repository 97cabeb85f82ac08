-- The newest launch's latencies, as records by bucket.
-- Params:  epoch bigint
-- Returns: bucket, records
select
    (latency_first_bucket + place - 1)::int as bucket,
    sum(records)::bigint as records
from stream_commits
cross join lateral unnest(latency_counts) with ordinality as counts (records, place)
where epoch = %(epoch)s
group by bucket
order by bucket;
