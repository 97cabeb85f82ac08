-- Room for how many records of a group of hours were rejected, a row for each hour, customer and reason.
create temporary table rejected_records (
    hour timestamp,
    customer_id uuid,
    reason text,
    records bigint
) on commit drop;
