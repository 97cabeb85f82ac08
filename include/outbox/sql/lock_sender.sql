-- Become the only sender for as long as the session lasts.
-- Returns: whether there is no other
select pg_try_advisory_lock(hashtext('heartbeat-sender')) as is_alone;
