-- How many records were quarantined lately, by reason; each reason is counted up to `most` and no further.
-- Params:  reasons text[]; since timestamp (UTC); most int
-- Returns: reason, records; only reasons that occurred
select
    reasons.reason,
    counted.records
from unnest(%(reasons)s::text[]) as reasons (reason)
cross join lateral (
    select count(*) as records
    from (
        select
        from dead_letters
        where dead_letters.reason = reasons.reason and dead_letters.recorded_at >= %(since)s
        order by dead_letters.recorded_at
        limit %(most)s
    ) as newest
) as counted
where counted.records > 0
order by counted.records desc, reasons.reason asc;
