-- Forget who was to be looked at again, once that is remembered.
-- Params:  ids bigint[]
delete from alarm_touches
where id = any(%(ids)s);
