-- One customer's alarms that lie in the range with some part, for the chart of the heart rate.
-- Params:  range_start, range_end timestamp (UTC), customer text: a UUID, or empty for none
select
    onset as time,
    coalesce(cleared, %(range_end)s) as timeend,
    concat_ws(
        ', ', rule || ' (' || severity || ')', 'peak ' || peak_bpm || ' bpm', 'acknowledged by ' || acknowledged_by
    ) as text,
    severity as tags
from alarms
where
    customer_id = nullif(%(customer)s, '')::uuid
    and state <> 'retracted'
    and onset < %(range_end)s
    and coalesce(cleared, 'infinity') > %(range_start)s
order by onset
limit 500;
