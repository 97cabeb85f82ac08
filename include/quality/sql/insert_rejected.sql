-- Count the rejected records of a group of hours, a row for each hour, customer and reason; without a customer where a
-- record names none. One that was sent again counts no longer: it has a second outcome.
-- Params:  hours timestamp[]
insert into rejected_records
select
    hours.hour,
    dead_letters.customer_id,
    dead_letters.reason,
    count(*) as records
from unnest(%(hours)s::timestamp[]) as hours (hour)
inner join dead_letters
    on
        coalesce(dead_letters.event_time, dead_letters.kafka_timestamp, dead_letters.recorded_at) >= hours.hour
        and coalesce(dead_letters.event_time, dead_letters.kafka_timestamp, dead_letters.recorded_at)
        < hours.hour + interval '1 hour'
where dead_letters.replayed_at is null
group by hours.hour, dead_letters.customer_id, dead_letters.reason;
