-- Let one migration at a time through; held until the connection ends.
select pg_advisory_lock(hashtext('heartbeat-migrations'));
