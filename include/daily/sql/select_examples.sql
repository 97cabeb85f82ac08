-- Some records that were rejected for each reason, with different details where there are any. A record is named by
-- where it lies; a detail never repeats what a record holds.
-- Params:  since, until timestamp (UTC), half-open; reasons text[]; most_looked_at, most int: of each reason
-- Returns: reason, topic, partition, offset, recorded_at, detail
select
    reasons.reason,
    examples.topic,
    examples.partition,
    examples."offset",
    examples.recorded_at,
    examples.detail
from unnest(%(reasons)s::text[]) as reasons (reason)
cross join lateral (
    select distinct on (looked_at.detail) looked_at.*
    from (
        select
            dead_letters.topic,
            dead_letters.partition,
            dead_letters."offset",
            dead_letters.recorded_at,
            dead_letters.detail
        from dead_letters
        where
            dead_letters.reason = reasons.reason
            and dead_letters.recorded_at >= %(since)s
            and dead_letters.recorded_at < %(until)s
        order by dead_letters.recorded_at
        limit %(most_looked_at)s
    ) as looked_at
    order by looked_at.detail, looked_at.recorded_at
    limit %(most)s
) as examples
order by reasons.reason, examples.recorded_at, examples."offset";
