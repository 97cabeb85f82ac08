-- Limits of customers' own, the newest first.
-- Params:  customer_id uuid, or null for all; most int
select
    id,
    customer_id,
    rule,
    valid_from,
    limit_bpm,
    clear_bpm,
    after_seconds,
    set_by,
    set_at
from customer_limits
where %(customer_id)s::uuid is null or customer_id = %(customer_id)s
order by id desc
limit %(most)s;
