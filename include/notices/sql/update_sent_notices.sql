-- Mark a notice as accepted.
-- Params:  id bigint, or null for all that wait
update notices
set sent_at = timezone('utc', clock_timestamp())
where sent_at is null and id = coalesce(%(id)s, id);
