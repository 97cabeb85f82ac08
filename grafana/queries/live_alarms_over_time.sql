-- How many alarms were open at each step, by severity: what began and ended by then, added up. One that is over and had
-- opened more than a week before the range is left out.
-- Params:  range_start, range_end timestamp (UTC), step interval
with episodes as (
    select
        severity,
        opened,
        cleared
    from alarms
    where state = 'open' and severity in ('critical', 'warning') and opened < %(range_end)s
    union all
    select
        severity,
        opened,
        cleared
    from alarms
    where state = 'cleared' and opened >= %(range_start)s - interval '7 days' and opened < %(range_end)s
),

changes as (
    select
        severity,
        greatest(opened, %(range_start)s) as happened,
        1 as number
    from episodes
    where coalesce(cleared, 'infinity') > %(range_start)s
    union all
    select
        severity,
        cleared as happened,
        -1 as number
    from episodes
    where cleared > %(range_start)s and cleared < %(range_end)s
),

steps as (
    select
        date_bin(%(step)s, happened, %(range_start)s) as began,
        sum(number) filter (where severity = 'critical') as critical,
        sum(number) filter (where severity = 'warning') as warning
    from changes
    group by began
)

select
    every.at as time,
    coalesce(sum(steps.critical) over (order by every.at), 0) as critical,
    coalesce(sum(steps.warning) over (order by every.at), 0) as warning
from generate_series(%(range_start)s, %(range_end)s, %(step)s) as every (at)
left join steps on every.at = steps.began
order by every.at;
