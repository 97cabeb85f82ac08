-- The channels as a sender last found them.
-- Returns: number, address
select
    number,
    address
from channels;
