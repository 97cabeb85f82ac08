-- Keep every earlier launch from moving an offset; where a partition has no row yet, the lease does so.
-- Params:  epoch bigint
update stream_offsets
set epoch = %(epoch)s
where epoch < %(epoch)s;
