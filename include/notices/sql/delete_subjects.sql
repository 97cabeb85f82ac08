-- Delete all notices of some subjects.
-- Params:  subjects text[]
delete from notices
where subject = any(%(subjects)s);
