-- The launches of the stream that committed in the range's last six hours, newest first; the lease holder's is marked.
-- Params:  range_start, range_end timestamp (UTC)
with launches as (
    select
        epoch,
        min(committed_at) as first_commit,
        max(committed_at) as last_commit,
        count(*) filter (where kind = 'batch') as batches,
        sum(accepted + duplicates + quarantined) as records
    from stream_commits
    where
        committed_at > greatest(%(range_start)s, %(range_end)s - interval '6 hours')
        and committed_at <= %(range_end)s
    group by epoch
)

select
    launches.epoch,
    launches.first_commit,
    launches.last_commit,
    launches.batches,
    launches.records,
    case
        when stream_lease.fenced_at is not null then 'fenced'
        when stream_lease.stop_requested then 'asked to stop'
        when stream_lease.epoch is not null then 'holds the lease'
        else 'superseded'
    end as lease
from launches
left join stream_lease on launches.epoch = stream_lease.epoch
order by launches.epoch desc
limit 50;
