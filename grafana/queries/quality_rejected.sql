-- The newest rejected records of each reason in the range's last day, without their content.
-- Params:  range_start, range_end timestamp (UTC), reasons text[]
select
    letters.recorded_at,
    letters.reason,
    letters.detail,
    letters.partition::text as partition,
    letters."offset",
    letters.replayed_at
from unnest(%(reasons)s) as reasons (reason)
cross join
    lateral (
        select
            dead_letters.recorded_at,
            dead_letters.reason,
            dead_letters.detail,
            dead_letters.partition,
            dead_letters."offset",
            dead_letters.replayed_at
        from dead_letters
        where
            dead_letters.reason = reasons.reason
            and dead_letters.recorded_at > greatest(%(range_start)s, %(range_end)s - interval '1 day')
            and dead_letters.recorded_at <= %(range_end)s
        order by dead_letters.recorded_at desc
        limit 10
    ) as letters
order by letters.recorded_at desc;
