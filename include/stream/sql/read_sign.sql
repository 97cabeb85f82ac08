-- What a task has to know of its launch: whether it is still the newest, in which turn it is, and whether to stop.
-- Params:  lease text
-- Returns: epoch, turn, stop_requested
select
    epoch,
    turn,
    stop_requested
from stream_lease
where name = %(lease)s;
