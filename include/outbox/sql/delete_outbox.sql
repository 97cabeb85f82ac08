-- Take out of the outbox what stands in `messages` now, or is told to nobody.
-- Params:  ids bigint[]
delete from outbox
where id = any(%(ids)s);
