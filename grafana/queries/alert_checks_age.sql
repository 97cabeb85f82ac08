-- Seconds since the checks last ran; a day if that is longer ago, or if they never did.
select coalesce(extract(epoch from timezone('utc', now()) - max(checked_at)), 86400)::float as age
from health_checks
where checked_at > timezone('utc', now()) - interval '1 day';
