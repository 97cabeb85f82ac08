-- Show that a launch is alive, and in which turn; returns no row if a newer one has taken over.
-- Params:  name text, epoch bigint, turn bigint
-- Returns: stop_requested
update stream_lease
set
    renewed_at = timezone('utc', clock_timestamp()),
    turn = %(turn)s
where name = %(name)s and epoch = %(epoch)s
returning stop_requested;
