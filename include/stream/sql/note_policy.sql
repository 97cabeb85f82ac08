-- Record that a launch classifies by this risk policy from now on, if that is a change and the launch is the newest.
-- Run it once earlier launches can no longer store. It locks the lease's row: of two launches at once, the later one
-- has the last word.
-- Params:  lease text, epoch bigint, version text
with newest as (
    select epoch
    from stream_lease
    where name = %(lease)s
    for no key update
)

insert into policy_history (since, version)
select
    timezone('utc', clock_timestamp()) as since,
    %(version)s
from newest
where
    newest.epoch = %(epoch)s
    and %(version)s is distinct from (
        select policy_history.version
        from policy_history
        order by policy_history.since desc
        limit 1
    );
