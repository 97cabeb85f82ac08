-- Take the notes about these hours that this snapshot sees; what the stream commits meanwhile stays.
-- Params:  hours timestamp[]
delete from touched_hours
where hour = any(%(hours)s);
