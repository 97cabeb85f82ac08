-- Noted pauses up to when they really went on, those that begin earlier first.
-- Params:  customers uuid[], or null for all
-- Returns: customer_id, starts, ends
select
    customer_pauses.customer_id,
    customer_pauses.starts,
    coalesce(customer_pause_ends.ended, customer_pauses.ends) as ends
from customer_pauses
left join customer_pause_ends on customer_pauses.id = customer_pause_ends.pause_id
where
    (%(customers)s::uuid[] is null or customer_pauses.customer_id = any(%(customers)s))
    and (customer_pause_ends.ended is null or customer_pause_ends.ended > customer_pauses.starts)
order by customer_pauses.customer_id, customer_pauses.starts;
