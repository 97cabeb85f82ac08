-- Note that the readings from before there were alarms have been taken in.
-- Params:  name text, epoch bigint
update alarm_evaluator
set is_filled = true
where name = %(name)s and epoch = %(epoch)s;
