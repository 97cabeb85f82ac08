-- End a gathering: move its partitions' offsets, write their rows of the ledger, count the touched hours, and leave the
-- new readings for the alarms.
-- A ledger row whose second still lasts gets new totals; otherwise a new row is appended. One statement, since each
-- commit runs it and every round trip to the database would add to the latency of all readings in it.
-- How:     `moved` updates a partition only if it is still where this task left it and no later launch has written its
--          epoch there. The caller compares the count and rolls everything back if one is missing: that is what makes a
--          repeated or superseded task harmless. `extended` and `appended` are disjoint, by `extends`. The comments
--          stay up here, since psycopg caches a parsed statement only up to 4 kB.
-- Params:  topic_id uuid, epoch bigint, policy_version text, lease text;
--          partitions int[]: the following arrays have an entry for each of them;
--          from_offsets, to_offsets bigint[]: of this gathering;
--          row_from_offsets, accepted, duplicates, quarantined bigint[], p50_ms, p99_ms double precision[],
--          first_buckets int[], counts text[], newest timestamp[]: of the whole row, the counts as arrays in text form;
--          extends timestamp[]: committed_at of the row to rewrite, or null;
--          newest_events timestamp[]: of this gathering's valid readings, or null;
--          hour_partitions int[], hours timestamp[], hour_readings bigint[]: accepted readings by partition and hour;
--          fresh_readings int, fresh_packed bytea: the accepted readings as the alarms take them in
-- Returns: moved (how many partitions moved: fewer than given if another launch or another try was here), appended
--          (partition and committed_at of each new row, in step), and the lease: newest_epoch, turn, is_stop_requested
with step as (
    select *
    from unnest(
        %(partitions)s::int[], %(from_offsets)s::bigint[], %(to_offsets)s::bigint[], %(row_from_offsets)s::bigint[],
        %(accepted)s::bigint[], %(duplicates)s::bigint[], %(quarantined)s::bigint[],
        %(p50_ms)s::double precision[], %(p99_ms)s::double precision[], %(first_buckets)s::int[], %(counts)s::text[],
        %(newest)s::timestamp[], %(extends)s::timestamp[], %(newest_events)s::timestamp[]
    ) as step (
        partition, from_offset, to_offset, row_from_offset, accepted, duplicates, quarantined, p50_ms, p99_ms,
        first_bucket, counts, newest, extends, newest_event
    )
),

moved as (
    update stream_offsets
    set
        next_offset = step.to_offset,
        updated_at = timezone('utc', clock_timestamp()),
        newest_event_at = greatest(stream_offsets.newest_event_at, step.newest_event)
    from step
    where
        stream_offsets.topic_id = %(topic_id)s
        and stream_offsets.partition = step.partition
        and stream_offsets.next_offset = step.from_offset
        and stream_offsets.epoch = %(epoch)s
    returning stream_offsets.partition
),

extended as (
    update stream_commits
    set
        to_offset = step.to_offset,
        accepted = step.accepted,
        duplicates = step.duplicates,
        quarantined = step.quarantined,
        latency_p50_ms = step.p50_ms,
        latency_p99_ms = step.p99_ms,
        latency_first_bucket = step.first_bucket,
        latency_counts = step.counts::int[],
        newest_record_at = step.newest
    from step
    where
        stream_commits.committed_at = step.extends
        and stream_commits.topic_id = %(topic_id)s
        and stream_commits.partition = step.partition
        and stream_commits.from_offset = step.row_from_offset
        and stream_commits.to_offset = step.from_offset
),

appended as (
    insert into stream_commits (
        topic_id, partition, from_offset, to_offset, accepted, duplicates, quarantined, epoch, policy_version,
        latency_p50_ms, latency_p99_ms, latency_first_bucket, latency_counts, newest_record_at
    )
    select
        %(topic_id)s,
        partition,
        row_from_offset,
        to_offset,
        accepted,
        duplicates,
        quarantined,
        %(epoch)s,
        %(policy_version)s,
        p50_ms,
        p99_ms,
        first_bucket,
        counts::int[],
        newest
    from step
    where extends is null
    returning partition, committed_at
),

noted as (
    insert into touched_hours as counter (hour, topic_id, partition, readings)
    select
        stored.hour,
        %(topic_id)s,
        stored.partition,
        stored.readings
    from unnest(%(hours)s::timestamp[], %(hour_partitions)s::int[], %(hour_readings)s::bigint[])
        as stored (hour, partition, readings)
    -- In order, as the hourly job locks them.
    order by stored.hour, stored.partition
    on conflict (hour, topic_id, partition) do update
    set
        readings = counter.readings + excluded.readings,
        noted_at = coalesce(counter.noted_at, excluded.noted_at)
),

left_for_alarms as (
    insert into fresh_readings (readings, packed)
    select
        %(fresh_readings)s::int,
        %(fresh_packed)s::bytea
    where %(fresh_readings)s::int > 0
)

select
    (select count(*) from moved) as moved,
    (select array_agg(partition order by partition) from appended) as appended_partitions,
    (select array_agg(committed_at order by partition) from appended) as appended_at,
    stream_lease.epoch as newest_epoch,
    stream_lease.turn,
    stream_lease.stop_requested
from stream_lease
where stream_lease.name = %(lease)s;
