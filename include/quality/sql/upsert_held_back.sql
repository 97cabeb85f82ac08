-- Store who is held back and why; a row that already says so stays as it is.
-- Params:  held jsonb: an array of objects with the columns below
-- Rerun:   after delete_held_back in the same transaction
insert into held_back_customers as known (hour, customer_id, rule, observed, readings, rejected, detail)
select
    hour,
    customer_id,
    rule,
    observed,
    readings,
    rejected,
    detail
from jsonb_to_recordset(%(held)s) as held (
    hour timestamp,
    customer_id uuid,
    rule text,
    observed double precision,
    readings bigint,
    rejected bigint,
    detail text
)
on conflict (hour, customer_id, rule) do update
set
    observed = excluded.observed,
    readings = excluded.readings,
    rejected = excluded.rejected,
    detail = excluded.detail
where
    (known.observed, known.readings, known.rejected, known.detail)
    is distinct from (excluded.observed, excluded.readings, excluded.rejected, excluded.detail);
