-- Ask the running launch to end its turn and stop; no row if there is none to ask.
-- Params:  name text, epoch bigint: this launch only, or null for whichever runs
update stream_lease
set stop_requested = true
where name = %(name)s and epoch = coalesce(%(epoch)s, epoch) and fenced_at is null
returning epoch, holder, started_at, renewed_at, stop_requested, fenced_at;
