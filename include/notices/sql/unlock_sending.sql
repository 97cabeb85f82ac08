-- Give lock_sending back.
select pg_advisory_unlock(hashtext('heartbeat-notices-sending'));
