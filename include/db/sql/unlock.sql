-- Give a lock back.
-- Params:  name text
select pg_advisory_unlock(hashtext(%(name)s));
