-- Lock an alarm, as the evaluator does when it changes it.
-- Params:  id bigint
-- Returns: state, acknowledged_by, acknowledged_at
select
    state,
    acknowledged_by,
    acknowledged_at
from alarms
where id = %(id)s
for update;
