-- Take a lock by its name, if no other session holds it; held until it is given back, or until the session ends.
-- Params:  name text
-- Returns: whether it is this session's now
select pg_try_advisory_lock(hashtext(%(name)s)) as is_mine;
