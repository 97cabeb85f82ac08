-- Delete what the evaluator's memory holds.
-- Params:  ids bigint[]
delete from fresh_readings
where id = any(%(ids)s);
