-- What an evaluator remembered when that was last kept.
-- Returns: memory
select memory
from alarm_memory
order by part;
