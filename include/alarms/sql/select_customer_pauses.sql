-- Noted pauses, those that begin earlier first.
-- Params:  customers uuid[], or null for all
-- Returns: customer_id, starts, ends
select
    customer_id,
    starts,
    ends
from customer_pauses
where %(customers)s::uuid[] is null or customer_id = any(%(customers)s)
order by customer_id, starts;
