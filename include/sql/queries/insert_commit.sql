-- Append what became of a run of offsets.
-- Params:  one for each column of the same name
insert into stream_commits (
    topic_id, partition, from_offset, to_offset, accepted, duplicates, quarantined, epoch, batch_id,
    policy_version, latency_p50_ms, latency_p99_ms, latency_first_bucket, latency_counts, newest_record_at
)
values (
    %(topic_id)s, %(partition)s, %(from_offset)s, %(to_offset)s, %(accepted)s, %(duplicates)s,
    %(quarantined)s, %(epoch)s, %(batch_id)s, %(policy_version)s, %(latency_p50_ms)s, %(latency_p99_ms)s,
    %(latency_first_bucket)s, %(latency_counts)s, %(newest_record_at)s
);
