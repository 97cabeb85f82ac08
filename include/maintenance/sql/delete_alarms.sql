-- Delete alarms that were over before the oldest readings that are kept, with their transitions and who was told.
-- Params:  before timestamp (UTC), the first instant that stays
delete from alarms
where
    opened < %(before)s
    and (state = 'retracted' or cleared < %(before)s);
