-- A record that cannot be processed may be too large to be kept. Without this, its letter would look like a record
-- whose value is null, and be sent again as one.
alter table dead_letters add column payload_kept boolean not null default true;

comment on column dead_letters.payload_kept is
'False where the value, and maybe key and headers, could not be kept: detail has its size and hash. Never replayed';
comment on column dead_letters.headers is
'Array of {"key": text, "value": base64 or null}, with "key_base64" in place of "key" where the name is no text for '
'jsonb; null if there were none';

grant select (payload_kept) on dead_letters to heartbeat_replay, heartbeat_reader;
