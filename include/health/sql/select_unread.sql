-- What Kafka has dropped before it was read, as far as that was noticed since an instant: how much, and the newest.
-- Params:  since timestamp (UTC)
-- Returns: record_count (offsets), partition, from_offset, to_offset; no row if there is nothing
select
    (sum(to_offset - from_offset) over ())::bigint as record_count,
    partition,
    from_offset,
    to_offset
from stream_commits
where kind = 'gap' and committed_at > %(since)s
order by committed_at desc, partition asc
limit 1;
