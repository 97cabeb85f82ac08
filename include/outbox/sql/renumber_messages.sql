-- Let go with their channels to other numbers the messages that wait, and those of the last minute, which are counted.
-- Params:  old int[]; new int[], of each old one
update messages
set channel = moved.new_number
from unnest(%(old)s::int[], %(new)s::int[]) as moved (old_number, new_number)
where
    messages.channel = moved.old_number
    and (
        messages.sent_at is null
        or messages.sent_at > timezone('utc', clock_timestamp()) - interval '1 minute'
        or messages.planned_at > timezone('utc', clock_timestamp()) - interval '1 minute'
    );
