-- Note whether records wait, and since when they have without a partition having moved on.
-- Params:  topic_id uuid; done_offset bigint: the sum of the partitions' next offsets; is_waiting bool; now timestamp
-- Returns: waiting_since (UTC), null if nothing waits
insert into stream_waits as known (topic_id, done_offset, waiting_since)
values (%(topic_id)s, %(done_offset)s, case when %(is_waiting)s then %(now)s::timestamp end)
on conflict (topic_id) do update
set
    done_offset = excluded.done_offset,
    waiting_since = case
        when excluded.waiting_since is null or known.done_offset <> excluded.done_offset then excluded.waiting_since
        else coalesce(known.waiting_since, excluded.waiting_since)
    end
returning known.waiting_since;
