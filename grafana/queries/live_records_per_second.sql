-- Records per second in the last minute of the range, by what became of them.
-- Params:  range_end timestamp (UTC)
select
    coalesce(sum(accepted), 0) / 60.0 as accepted,
    coalesce(sum(duplicates), 0) / 60.0 as duplicates,
    coalesce(sum(quarantined), 0) / 60.0 as quarantined
from stream_commits
where committed_at > %(range_end)s - interval '1 minute' and committed_at <= %(range_end)s;
