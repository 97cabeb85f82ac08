-- A temporary table for a batch with a reading that may already be in heartbeats.
create temporary table if not exists staged_readings (
    customer_id uuid not null,
    heart_rate int not null,
    event_time timestamp not null,
    risk_level varchar(20) not null,
    row int not null
) on commit delete rows;
