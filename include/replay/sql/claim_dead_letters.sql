-- Claim the next dead letters for a run, the oldest first, as many as fit into max_bytes but at least one.
-- Params:  run_id bigint; topic text, reasons text[], since, until timestamp: as for count_replayable; after_time
--          timestamp, after_id bigint: the last letter that the run has seen; max_letters int, max_bytes bigint
-- Returns: the letters, in no particular order
with candidates as (
    select
        topic_id,
        partition,
        "offset",
        recorded_at,
        sum(bytes) over oldest_first - bytes as bytes_before
    from (
        select
            topic_id,
            partition,
            "offset",
            recorded_at,
            id,
            coalesce(octet_length(key), 0)
            + coalesce(octet_length(value), 0)
            + coalesce(pg_column_size(headers), 0) as bytes
        from dead_letters
        where
            topic = %(topic)s
            and reason = any(%(reasons)s)
            and replayed_at is null
            and recorded_at >= greatest(coalesce(%(since)s::timestamp, '-infinity'), %(after_time)s)
            and recorded_at < coalesce(%(until)s::timestamp, 'infinity')
            and (recorded_at, id) > (%(after_time)s, %(after_id)s)
        order by recorded_at, id
        limit %(max_letters)s
    ) as sized
    window oldest_first as (order by recorded_at, id)
)

update dead_letters
set replay_run = %(run_id)s
from candidates
where
    dead_letters.topic_id = candidates.topic_id
    and dead_letters.partition = candidates.partition
    and dead_letters."offset" = candidates."offset"
    and dead_letters.recorded_at = candidates.recorded_at
    and candidates.bytes_before < %(max_bytes)s
returning
    dead_letters.topic_id, dead_letters.partition, dead_letters."offset", dead_letters.id, dead_letters.recorded_at,
    dead_letters.reason, dead_letters.key, dead_letters.value, dead_letters.headers, dead_letters.kafka_timestamp,
    dead_letters.payload_kept;
