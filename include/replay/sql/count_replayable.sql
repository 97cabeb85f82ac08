-- What a replay would send, by reason.
-- Params:  topic text, reasons text[], since, until timestamp (UTC) or null, half-open [since, until);
--          max_letters int
select
    reason,
    count(*) as letters
from (
    select reason
    from dead_letters
    where
        topic = %(topic)s
        and reason = any(%(reasons)s)
        and replayed_at is null
        and recorded_at >= coalesce(%(since)s::timestamp, '-infinity')
        and recorded_at < coalesce(%(until)s::timestamp, 'infinity')
    order by recorded_at, id
    limit %(max_letters)s
) as chosen
group by reason;
