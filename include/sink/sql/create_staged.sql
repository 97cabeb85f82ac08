-- Room for a batch that holds a reading which may stand in heartbeats already.
create temporary table if not exists staged_readings (
    customer_id uuid not null,
    heart_rate int not null,
    event_time timestamp not null,
    risk_level varchar(20) not null,
    row int not null
) on commit delete rows;
