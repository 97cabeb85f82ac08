-- Lock the alarms that are to be changed, one after the other by id: what a person does to one of them is done by then,
-- or waits (handling/lock_alarm.sql). A statement of its own, since the next one has to see what was done until now.
-- Params:  ids bigint[]
select id
from alarms
where id = any(%(ids)s)
order by id
for no key update;
