-- Let one at a time send notices; held until it is given back.
-- Returns: whether this one may
select pg_try_advisory_lock(hashtext('heartbeat-notices-sending')) as is_locked;
