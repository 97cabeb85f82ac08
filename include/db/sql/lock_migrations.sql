-- Let one migration at a time through; held until the connection ends.
-- Returns: is_ours
select pg_try_advisory_lock(hashtext('heartbeat-migrations')) as is_ours;
