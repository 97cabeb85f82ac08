-- Noted pauses of a customer, the newest first, each with who ended it before its time.
-- Params:  customer_id uuid; most int
select
    customer_pauses.id,
    customer_pauses.starts,
    customer_pauses.ends,
    customer_pauses.noted_by,
    customer_pauses.noted_at,
    customer_pause_ends.ended,
    customer_pause_ends.ended_by,
    customer_pause_ends.ended_at
from customer_pauses
left join customer_pause_ends on customer_pauses.id = customer_pause_ends.pause_id
where customer_pauses.customer_id = %(customer_id)s
order by customer_pauses.starts desc, customer_pauses.id desc
limit %(most)s;
