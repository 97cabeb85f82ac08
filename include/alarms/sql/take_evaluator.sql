-- Become the only evaluator of alarms.
-- Params:  name text, holder text
-- Returns: epoch, progress, is_filled
insert into alarm_evaluator (name, epoch, holder, taken_at, looked_at)
values (%(name)s, 1, %(holder)s, timezone('utc', clock_timestamp()), timezone('utc', clock_timestamp()))
on conflict (name) do update
set
    epoch = alarm_evaluator.epoch + 1,
    holder = excluded.holder,
    taken_at = excluded.taken_at,
    looked_at = excluded.looked_at
returning epoch, progress, is_filled;
