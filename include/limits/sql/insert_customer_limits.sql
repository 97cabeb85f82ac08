-- Store limits of customers' own, and have the customers looked at again from there on.
-- Params:  limits jsonb: array of {customer_id, rule, valid_from, limit_bpm, clear_bpm, after_seconds}; set_by text
with stored as (
    insert into customer_limits (customer_id, rule, valid_from, limit_bpm, clear_bpm, after_seconds, set_by)
    select
        customer_id,
        rule,
        valid_from,
        limit_bpm,
        clear_bpm,
        after_seconds,
        %(set_by)s
    from jsonb_to_recordset(%(limits)s) as given (
        customer_id uuid,
        rule text,
        valid_from timestamp,
        limit_bpm int,
        clear_bpm int,
        after_seconds double precision
    )
    returning customer_id, valid_from
)

insert into alarm_touches (customer_id, since)
select
    customer_id,
    min(valid_from) as since
from stored
group by customer_id;
