-- Take back a request to stop that a launch has not seen: it has not renewed its lease since.
-- Params:  name text, epoch bigint, renewed_at timestamp: as it was when the request was made
update stream_lease
set stop_requested = false
where name = %(name)s and epoch = %(epoch)s and renewed_at = %(renewed_at)s;
