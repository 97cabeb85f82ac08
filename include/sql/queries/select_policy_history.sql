-- Which risk policy each launch used while the readings of these hours came in, and until when.
-- Params:  hours timestamp[]
-- Returns: version, until, in order; the last one may end after the last of those readings
with arrived as (
    select
        min(ingested_at) as first_at,
        max(ingested_at) as last_at
    from unnest(%(hours)s::timestamp[]) as hours (hour)
    inner join heartbeats on event_time >= hours.hour and event_time < hours.hour + interval '1 hour'
)

select
    policy_version,
    max(committed_at) as until
from stream_commits
where
    kind = 'batch'
    and committed_at >= (select first_at from arrived)
    and committed_at <= (
        -- A row past the stream may be younger than every commit.
        select coalesce(min(next_commit.committed_at), 'infinity')
        from stream_commits as next_commit
        where next_commit.kind = 'batch' and next_commit.committed_at >= (select last_at from arrived)
    )
group by epoch, policy_version
order by until;
