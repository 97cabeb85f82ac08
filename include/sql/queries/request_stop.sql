-- Ask the running launch to stop between two batches.
-- Params:  name text
update stream_lease
set stop_requested = true
where name = %(name)s
returning epoch, holder, started_at, renewed_at, stop_requested, fenced_at;
