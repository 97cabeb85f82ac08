-- What became of the records of the last minutes, second by second; a second without a commit has no row.
-- Params:  since, until timestamp (UTC), half-open, whole seconds
-- Returns: second, accepted, duplicates, quarantined, p50_ms (of the median commit), p99_ms (of the slowest commit)
select
    date_trunc('second', committed_at) as second,
    sum(accepted)::bigint as accepted,
    sum(duplicates)::bigint as duplicates,
    sum(quarantined)::bigint as quarantined,
    percentile_disc(0.5) within group (order by latency_p50_ms) as p50_ms,
    max(latency_p99_ms) as p99_ms
from stream_commits
where committed_at >= %(since)s and committed_at < %(until)s and kind = 'batch'
group by second
order by second;
