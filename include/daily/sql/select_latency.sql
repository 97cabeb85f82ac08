-- How old records were when they were committed, hour by hour.
-- Params:  since, until timestamp (UTC), half-open
-- Returns: hour, bucket, records
select
    date_trunc('hour', committed_at) as hour,
    (latency_first_bucket + place - 1)::int as bucket,
    sum(records)::bigint as records
from stream_commits
cross join lateral unnest(latency_counts) with ordinality as counts (records, place)
where committed_at >= %(since)s and committed_at < %(until)s
group by hour, bucket
having sum(records) > 0
order by hour, bucket;
