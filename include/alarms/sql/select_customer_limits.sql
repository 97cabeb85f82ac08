-- Limits of customers' own.
-- Params:  customers uuid[], or null for all
-- Returns: customer_id, rule, valid_from, id, limit_bpm, clear_bpm, after_seconds
select
    customer_id,
    rule,
    valid_from,
    id,
    limit_bpm,
    clear_bpm,
    after_seconds
from customer_limits
where %(customers)s::uuid[] is null or customer_id = any(%(customers)s);
