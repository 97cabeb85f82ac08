-- What a task needs to know about its launch: whether it is still the newest, the current turn, and whether to stop.
-- Params:  lease text
-- Returns: epoch, turn, stop_requested
select
    epoch,
    turn,
    stop_requested
from stream_lease
where name = %(lease)s;
