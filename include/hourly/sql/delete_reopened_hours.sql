-- Delete the requests to settle these hours again, as far as this snapshot sees them.
-- Params:  hours timestamp[]
delete from reopened_hours
where hour = any(%(hours)s);
