-- How many readings a second the stream has accepted at its busiest of late.
-- Params:  since timestamp (UTC)
-- Returns: accepted_per_second
select coalesce(max(accepted), 0)::double precision / 60 as accepted_per_second
from (
    select sum(accepted) as accepted
    from stream_commits
    where committed_at >= %(since)s
    group by date_trunc('minute', committed_at)
) as minutes;
