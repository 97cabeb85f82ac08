-- Insert the sums per risk level for the given hours, without customers who are held back: three rows per hour, even if
-- it has no readings.
-- Params:  hours timestamp[]
-- Rerun:   after delete_risk_hourly in the same transaction
insert into risk_hourly (hour, risk_level, readings, customers)
select
    hours.hour,
    levels.risk_level,
    coalesce(sum(levels.readings), 0) as readings,
    count(*) filter (where levels.readings > 0) as customers
from unnest(%(hours)s::timestamp[]) as hours (hour)
left join summed_readings as summed on hours.hour = summed.hour and not summed.is_held_back
cross join
    lateral (
        values ('Normal', summed.normal), ('Elevated', summed.elevated), ('High', summed.high)
    ) as levels (risk_level, readings)
group by hours.hour, levels.risk_level;
