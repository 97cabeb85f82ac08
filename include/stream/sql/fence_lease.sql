-- Raise the epoch above a launch that stands still, so that it can no longer commit; no row if it has a successor.
-- Params:  name text, epoch bigint
-- Returns: the epoch that nobody holds
update stream_lease
set
    epoch = stream_lease.epoch + 1,
    fenced_at = timezone('utc', now())
where name = %(name)s and epoch = %(epoch)s
returning epoch;
