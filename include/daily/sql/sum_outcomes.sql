-- What became of the records that were committed in each hour, and in all of them.
-- Params:  since, until timestamp (UTC), half-open
-- Returns: hour (null for all), accepted, duplicates, quarantined (records); gap, rewound (offsets)
select
    date_trunc('hour', committed_at) as hour,
    coalesce(sum(accepted), 0)::bigint as accepted,
    coalesce(sum(duplicates), 0)::bigint as duplicates,
    coalesce(sum(quarantined), 0)::bigint as quarantined,
    coalesce(sum(to_offset - from_offset) filter (where kind = 'gap'), 0)::bigint as gap,
    coalesce(sum(to_offset - from_offset) filter (where kind = 'rewind'), 0)::bigint as rewound
from stream_commits
where committed_at >= %(since)s and committed_at < %(until)s
group by grouping sets ((date_trunc('hour', committed_at)), ())
order by hour nulls last;
