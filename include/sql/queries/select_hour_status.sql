-- How these hours stand.
-- Params:  hours timestamp[]
select
    hour,
    state,
    reason,
    readings,
    revision,
    run_id
from hour_status
where hour = any(%(hours)s)
order by hour;
