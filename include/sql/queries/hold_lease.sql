-- Read the newest epoch and keep it the newest until the transaction ends.
-- Params:  name text
select epoch from stream_lease
where name = %(name)s
for share;
