-- Show that a launch is alive; no row comes back if a newer one has taken over.
-- Params:  name text, epoch bigint
-- Returns: stop_requested
update stream_lease
set renewed_at = timezone('utc', now())
where name = %(name)s and epoch = %(epoch)s
returning stop_requested;
