-- Whose episodes are to be looked at again.
-- Params:  taken bigint[]: those that have been
-- Returns: id, customer_id, since
select
    id,
    customer_id,
    since
from alarm_touches
where id <> all(%(taken)s)
order by id
limit 10000;
