-- What the newest evaluator goes on from.
-- Params:  name text
-- Returns: epoch, progress, is_filled
select
    epoch,
    progress,
    is_filled
from alarm_evaluator
where name = %(name)s;
