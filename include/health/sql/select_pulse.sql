-- The newest reading, and what became of the records since an instant.
-- Params:  since timestamp (UTC)
-- Returns: newest_reading_at (UTC), records, quarantined
select
    (select max(event_time) from heartbeats) as newest_reading_at,
    coalesce(sum(accepted + duplicates + quarantined), 0)::bigint as records,
    coalesce(sum(quarantined), 0)::bigint as quarantined
from stream_commits
where committed_at > %(since)s;
