-- Let other sessions take the snapshot of this transaction until it ends. They do not see what it has written itself.
-- Returns: the snapshot's name
select pg_export_snapshot();
