-- End a pause that goes on or is still to come, and have the customer looked at again from its beginning on.
-- Params:  id bigint; ended timestamp (UTC); ended_by text
-- Returns: ended, null if the pause never begins; no row if there is no such pause, or if it is over
with over as (
    insert into customer_pause_ends (pause_id, ended, ended_by)
    select
        id,
        greatest(starts, %(ended)s) as ended,
        %(ended_by)s
    from customer_pauses
    where id = %(id)s and (ends is null or ends > %(ended)s)
    on conflict (pause_id) do nothing
    returning pause_id, ended
),

touched as (
    insert into alarm_touches (customer_id, since)
    select
        customer_pauses.customer_id,
        customer_pauses.starts
    from over
    inner join customer_pauses on over.pause_id = customer_pauses.id
)

select nullif(over.ended, customer_pauses.starts) as ended
from over
inner join customer_pauses on over.pause_id = customer_pauses.id;
