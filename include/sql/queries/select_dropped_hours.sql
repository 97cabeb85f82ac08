-- Which of these hours had readings whose day retention has dropped since.
-- Params:  hours timestamp[]
select settled_hours.hour
from settled_hours
where
    settled_hours.hour = any(%(hours)s)
    and settled_hours.ledger_readings > 0
    and to_regclass('heartbeats_' || to_char(settled_hours.hour, 'YYYYMMDD')) is null;
