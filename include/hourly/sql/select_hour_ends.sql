-- Where the partitions of a topic ended when this hour did: as stored for this hour, or for the next one that has an
-- answer.
-- Params:  topic_id uuid, hour timestamp
-- Returns: partition, end_offset
select
    partition,
    end_offset
from hour_ends
where
    topic_id = %(topic_id)s
    and hour = (
        select min(asked.hour)
        from hour_ends as asked
        where asked.topic_id = %(topic_id)s and asked.hour >= %(hour)s
    );
