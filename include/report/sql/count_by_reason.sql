-- How many records were rejected for each reason.
select
    reason,
    count(*) as records
from dead_letters
group by reason;
