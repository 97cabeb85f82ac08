-- Count as settled whatever came for these hours after retention had dropped their readings: it will be dropped, too.
-- Params:  hours timestamp[]
update settled_hours
set ledger_readings = counted.readings
from (
    select
        hour,
        sum(readings) as readings
    from touched_hours
    where hour = any(%(hours)s)
    group by hour
) as counted
where settled_hours.hour = counted.hour and settled_hours.ledger_readings <> counted.readings;
