-- Delete wishes to look at a customer again that no evaluator has taken up for so long.
-- Params:  before timestamp (UTC), the first instant that stays
delete from alarm_touches
where noted_at < %(before)s;
