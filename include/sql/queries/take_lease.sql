-- Become the newest launch.
-- Params:  name text, holder text
-- Returns: the new epoch
insert into stream_lease (name, epoch, holder, started_at, renewed_at)
values (%(name)s, 1, %(holder)s, timezone('utc', now()), timezone('utc', now()))
on conflict (name) do update
set
    epoch = stream_lease.epoch + 1,
    holder = excluded.holder,
    started_at = excluded.started_at,
    renewed_at = excluded.renewed_at,
    stop_requested = false,
    fenced_at = null
returning epoch;
