-- Let one session at a time record changes; held until the transaction ends.
select pg_advisory_xact_lock(hashtext('heartbeat-notices'));
