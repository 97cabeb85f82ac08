-- The readings' key begins with a slot of time (docs/decisions/0025). It is asked for by these functions, so that
-- queries and index agree on what a slot is.
create function slot_length() returns interval
language sql
immutable
parallel safe
return interval '10 seconds';

create function slot_of(at timestamp) returns timestamp
language sql
immutable
parallel safe
return date_bin(slot_length(), at, timestamp '2000-01-01');

comment on function slot_of(timestamp) is
'The slot in which an instant lies, named by its beginning. A query for a while of the readings names its slots too, '
'so that the key finds them';

-- Whoever stores a reading computes its key, and whoever asks for a while of them names it.
grant execute on function slot_length(), slot_of(timestamp)
to heartbeat_stream, heartbeat_hourly, heartbeat_alarms, heartbeat_reader;
