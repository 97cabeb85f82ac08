-- Count the rejected records of a group of hours per hour, customer and reason, into a temporary table; the customer is
-- null if a record names none. A record that was sent again no longer counts: it has a second outcome.
-- Params:  hours timestamp[]
create temporary table rejected_records on commit drop as
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
