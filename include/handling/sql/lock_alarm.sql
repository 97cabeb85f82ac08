-- Lock an alarm, as the evaluator does when it changes it.
-- Params:  id bigint
select id
from alarms
where id = %(id)s
for update;
