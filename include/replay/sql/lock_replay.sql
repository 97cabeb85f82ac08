-- Become the only replay, until the session ends.
-- Returns: whether no other one is at work
select pg_try_advisory_lock(hashtext('heartbeat-replay'));
