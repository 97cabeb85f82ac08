-- Offsets that Kafka dropped before they were read (gap) or lost after (rewind); at most the range's last six hours.
-- Params:  range_start, range_end timestamp (UTC)
select
    committed_at,
    kind,
    partition::text as partition,
    from_offset,
    to_offset,
    to_offset - from_offset as offsets
from stream_commits
where
    committed_at > greatest(%(range_start)s, %(range_end)s - interval '6 hours')
    and committed_at <= %(range_end)s
    and kind <> 'batch'
order by committed_at desc
limit 100;
