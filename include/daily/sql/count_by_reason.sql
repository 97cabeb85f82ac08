-- How many records were rejected for each reason, in a day and in the day before it, and how many were sent again.
-- Params:  before, since, until timestamp (UTC), half-open
select
    reason,
    count(*) filter (where recorded_at >= %(since)s) as records,
    count(*) filter (where recorded_at < %(since)s) as day_before,
    count(*) filter (where recorded_at >= %(since)s and replayed_at is not null) as sent_again
from dead_letters
where recorded_at >= %(before)s and recorded_at < %(until)s
group by reason
order by records desc, reason asc;
