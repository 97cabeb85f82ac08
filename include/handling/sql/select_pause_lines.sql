-- Noted pauses of a customer, the newest first.
-- Params:  customer_id uuid; most int
select
    starts,
    ends,
    noted_by,
    noted_at
from customer_pauses
where customer_id = %(customer_id)s
order by starts desc
limit %(most)s;
