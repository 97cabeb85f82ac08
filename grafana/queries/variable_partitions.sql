-- The partitions of the topics that were ever read.
select distinct partition::text as partition
from stream_offsets
order by partition;
