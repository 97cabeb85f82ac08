-- Let what each channel was told of go with it to another number.
-- Params:  old int[]; new int[], of each old one
update alarm_told
set channel = moved.new_number
from unnest(%(old)s::int[], %(new)s::int[]) as moved (old_number, new_number)
where alarm_told.channel = moved.old_number;
