-- Delete the rows of customers who are no longer held back.
-- Params:  hours timestamp[]; held jsonb: as for upsert_held_back
delete from held_back_customers
where
    hour = any(%(hours)s)
    and not exists (
        select from
            jsonb_to_recordset(%(held)s) as held (hour timestamp, customer_id uuid, rule text)
        where
            held.hour = held_back_customers.hour
            and held.customer_id = held_back_customers.customer_id
            and held.rule = held_back_customers.rule
    );
