-- Lock an alarm, as the evaluator does before it changes it (alarms/lock_alarms.sql).
-- Params:  id bigint
-- Returns: state, acknowledged_by, acknowledged_at
select
    state,
    acknowledged_by,
    acknowledged_at
from alarms
where id = %(id)s
for no key update;
