-- One rejected record, as it came.
-- Params:  id bigint
select
    id,
    topic,
    partition,
    "offset",
    kafka_timestamp,
    recorded_at,
    replayed_at,
    reason,
    detail,
    key,
    value,
    headers,
    payload_kept
from dead_letters
where id = %(id)s;
