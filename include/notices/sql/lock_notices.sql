-- Let one at a time note changes; held until the transaction ends.
select pg_advisory_xact_lock(hashtext('heartbeat-notices'));
