-- Delete messages that are older than the oldest readings that are kept, whatever became of them.
-- Params:  before timestamp (UTC), the first instant that stays
delete from messages
where planned_at < %(before)s;
