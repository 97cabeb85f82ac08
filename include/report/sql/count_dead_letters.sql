-- How many rejected records there are.
-- Params:  reasons text[]: or null for all; topic text
-- Returns: letters
select count(*) as letters
from dead_letters
where
    (%(reasons)s::text[] is null or reason = any(%(reasons)s::text[]))
    and topic = %(topic)s;
