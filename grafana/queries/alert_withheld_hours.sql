-- How many hours of the last thirty days are withheld. What waits longer is in the check unpublished_hours.
select count(*) as withheld
from settled_hours
where state = 'withheld' and hour > timezone('utc', now()) - interval '30 days';
