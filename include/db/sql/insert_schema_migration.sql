-- Note a migration as applied, in its own transaction.
-- Params:  version int, name text, checksum text (SHA-256 of the file)
insert into schema_migrations (version, name, checksum)
values (%(version)s, %(name)s, %(checksum)s);
