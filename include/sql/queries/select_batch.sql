-- What became of one batch, from the ledger.
-- Params:  epoch, batch_id bigint
-- Returns: partition, accepted, duplicates, quarantined, first bucket and counts of the latency, one row a partition
select
    partition,
    accepted,
    duplicates,
    quarantined,
    latency_first_bucket,
    latency_counts
from stream_commits
where epoch = %(epoch)s and batch_id = %(batch_id)s;
