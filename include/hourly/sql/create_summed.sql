-- A temporary table for the sums per customer and hour, until it is decided which hours are published. It begins with
-- the columns of customer_hourly.
create temporary table summed_readings (
    hour timestamp,
    customer_id uuid,
    readings bigint,
    normal bigint,
    elevated bigint,
    high bigint,
    min_bpm int,
    avg_bpm numeric(5, 2),
    max_bpm int,
    coverage numeric(5, 4),
    first_event timestamp,
    last_event timestamp,
    total_bpm bigint,
    early_readings bigint,
    is_held_back boolean
) on commit drop;
