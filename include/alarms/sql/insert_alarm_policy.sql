-- Note a policy that is in force from an instant on, if it is new.
-- Params:  version text, valid_from timestamp, policy jsonb
insert into alarm_policies (version, valid_from, policy)
values (%(version)s, %(valid_from)s, %(policy)s)
on conflict (version) do nothing;
