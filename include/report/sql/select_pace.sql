-- The pace of the newest launch that committed anything.
-- Returns: epoch, records, seconds between its first and its last commit
select
    epoch,
    sum(accepted + duplicates + quarantined)::bigint as records,
    extract(epoch from max(committed_at) - min(committed_at))::double precision as seconds
from stream_commits
where
    kind = 'batch'
    and epoch = (
        select max(epoch) from stream_commits
        where kind = 'batch'
    )
group by epoch;
