-- Let no launch before this one move an offset; those whose rows are not there yet are refused by the lease.
-- Params:  epoch bigint
update stream_offsets
set epoch = %(epoch)s
where epoch < %(epoch)s;
