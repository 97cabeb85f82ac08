-- Since when the database serves, the newest reading, when any partition of a topic last moved on, and what became of
-- the records since an instant.
-- Params:  topic_id uuid: or null; since timestamp (UTC); farthest timestamp (UTC): a later reading comes from a clock
--          that is ahead, and does not tell how new the readings are
-- Returns: serving_since, newest_reading_at, moved_at (UTC, null if none), records, quarantined
select
    greatest(
        timezone('utc', pg_postmaster_start_time()),
        (select min(applied_at) from schema_migrations)
    ) as serving_since,
    newest_reading(%(farthest)s) as newest_reading_at,
    (
        select max(updated_at) from stream_offsets
        where topic_id = %(topic_id)s
    ) as moved_at,
    coalesce(sum(accepted + duplicates + quarantined), 0)::bigint as records,
    coalesce(sum(quarantined), 0)::bigint as quarantined
from stream_commits
where committed_at > %(since)s;
