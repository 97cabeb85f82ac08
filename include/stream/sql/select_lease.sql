-- The lease as it stands.
-- Params:  name text
select
    epoch,
    holder,
    started_at,
    renewed_at,
    stop_requested,
    fenced_at
from stream_lease
where name = %(name)s;
