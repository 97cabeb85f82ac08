-- Ask the running launch to end its turn and stop.
-- Params:  name text, epoch bigint: this launch only, or null for whichever runs
update stream_lease
set stop_requested = true
where name = %(name)s and epoch = coalesce(%(epoch)s, epoch)
returning epoch, holder, started_at, renewed_at, stop_requested, fenced_at;
