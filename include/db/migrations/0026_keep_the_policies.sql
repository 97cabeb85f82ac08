-- Which risk policy was in force when, kept for as long as there are readings: the ledger's rows go after a month.
create table policy_history (
    since timestamp primary key,
    version text not null
);

comment on table policy_history is
'One row for each change of the risk policy: readings stored after `since` were classified by `version`; the first row '
'also stands for all that is older';

-- What the ledger still tells: a reading was stored by the launch that committed next.
insert into policy_history (since, version)
select
    coalesce(since, timestamp '0001-01-01') as since,
    policy_version
from (
    select
        policy_version,
        lag(until) over in_order as since,
        lag(policy_version) over in_order as earlier
    from (
        select
            policy_version,
            max(committed_at) as until
        from stream_commits
        where kind = 'batch' and policy_version is not null
        group by epoch, policy_version
    ) as launches
    window in_order as (order by until)
) as spans
where policy_version is distinct from earlier;

grant select, insert on policy_history to heartbeat_stream;
grant select on policy_history to heartbeat_hourly, heartbeat_reader;
