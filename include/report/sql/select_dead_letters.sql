-- The newest rejected records, without their bytes.
-- Params:  reasons text[]: null for all; topic text; most int
select
    id,
    recorded_at,
    topic,
    partition,
    "offset",
    reason,
    detail,
    octet_length(value) as value_bytes,
    replayed_at
from dead_letters
where
    (%(reasons)s::text[] is null or reason = any(%(reasons)s::text[]))
    and topic = %(topic)s
order by recorded_at desc, id desc
limit %(most)s;
