-- Keep the channels as the sender finds them.
-- Params:  numbers int[]; addresses uuid[], of each number
insert into channels (number, address)
select
    given.number,
    given.address
from unnest(%(numbers)s::int[], %(addresses)s::uuid[]) as given (number, address);
