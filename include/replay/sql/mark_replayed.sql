-- Record where the copies of claimed letters are in Kafka, and have their hours settled again: customers who were held
-- back because of them may be released. An hour that has not begun was never settled.
-- Params:  run_id bigint; topic_ids uuid[], partitions int[], offsets bigint[]: the letters; copy_topic_ids uuid[],
--          copy_partitions int[], copy_offsets bigint[]: their copies; all of one length
with marked as (
    update dead_letters
    set
        replayed_at = timezone('utc', clock_timestamp()),
        replayed_topic_id = sent.copy_topic_id,
        replayed_partition = sent.copy_partition,
        replayed_offset = sent.copy_offset
    from unnest(
        %(topic_ids)s::uuid[], %(partitions)s::int[], %(offsets)s::bigint[],
        %(copy_topic_ids)s::uuid[], %(copy_partitions)s::int[], %(copy_offsets)s::bigint[]
    ) as sent (topic_id, partition, "offset", copy_topic_id, copy_partition, copy_offset)
    where
        dead_letters.topic_id = sent.topic_id
        and dead_letters.partition = sent.partition
        and dead_letters."offset" = sent."offset"
        and dead_letters.replay_run = %(run_id)s
        and dead_letters.replayed_at is null
    returning
        dead_letters.customer_id,
        date_trunc(
            'hour', coalesce(dead_letters.event_time, dead_letters.kafka_timestamp, dead_letters.recorded_at)
        ) as hour
)

insert into reopened_hours (hour)
select distinct hour
from marked
where customer_id is not null and hour <= timezone('utc', now());
