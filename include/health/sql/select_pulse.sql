-- Since when the database serves, the newest reading, and what became of the records of the last while.
-- Params:  window_seconds double precision
-- Returns: now, serving_since, newest_reading_at (UTC), records, quarantined
select
    timezone('utc', clock_timestamp()) as now,
    greatest(
        timezone('utc', pg_postmaster_start_time()),
        (select min(applied_at) from schema_migrations)
    ) as serving_since,
    (select max(event_time) from heartbeats) as newest_reading_at,
    coalesce(sum(accepted + duplicates + quarantined), 0)::bigint as records,
    coalesce(sum(quarantined), 0)::bigint as quarantined
from stream_commits
where committed_at > timezone('utc', clock_timestamp()) - make_interval(secs => %(window_seconds)s);
