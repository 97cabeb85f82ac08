-- A temporary table for the number of rejected records per hour, customer and reason.
create temporary table rejected_records (
    hour timestamp,
    customer_id uuid,
    reason text,
    records bigint
) on commit drop;
