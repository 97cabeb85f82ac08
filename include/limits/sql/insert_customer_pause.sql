-- Note a pause, and have the customer looked at again from there on.
-- Params:  customer_id uuid; starts, ends timestamp (UTC), ends may be null; noted_by text
with stored as (
    insert into customer_pauses (customer_id, starts, ends, noted_by)
    values (%(customer_id)s, %(starts)s, %(ends)s, %(noted_by)s)
    returning customer_id, starts
)

insert into alarm_touches (customer_id, since)
select
    customer_id,
    starts
from stored;
