-- Answer the notes about these hours that this snapshot sees.
-- Params:  hours timestamp[]
delete from reopened_hours
where hour = any(%(hours)s);
