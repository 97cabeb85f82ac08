-- Become the newest launch, in its first turn.
-- Params:  name text, holder text, turn bigint
-- Returns: the new epoch
insert into stream_lease (name, epoch, holder, started_at, renewed_at, turn)
values (%(name)s, 1, %(holder)s, timezone('utc', clock_timestamp()), timezone('utc', clock_timestamp()), %(turn)s)
on conflict (name) do update
set
    epoch = stream_lease.epoch + 1,
    holder = excluded.holder,
    started_at = excluded.started_at,
    renewed_at = excluded.renewed_at,
    turn = excluded.turn,
    stop_requested = false,
    fenced_at = null
returning epoch;
