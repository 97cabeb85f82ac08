-- Let the next settling of hours through.
select pg_advisory_unlock(hashtext('heartbeat-hourly'));
