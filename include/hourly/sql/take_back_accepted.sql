-- End all that is accepted of an hour, because a person takes it back.
-- Params:  hour timestamp; taken_back_by, reason text
-- Returns: id, a row for each failure that was accepted
update accepted_failures
set
    ended_at = timezone('utc', clock_timestamp()),
    ended_by = %(taken_back_by)s,
    ended_reason = %(reason)s
where hour = %(hour)s and ended_at is null
returning id;
