-- Readings per second by risk level, from the raw rows: always the range's last five minutes.
-- Params:  range_end timestamp (UTC), step interval
select
    date_bin(%(step)s, event_time, timestamp '2026-01-01') as time,
    count(*) filter (where risk_level = 'Normal') / extract(epoch from %(step)s) as normal,
    count(*) filter (where risk_level = 'Elevated') / extract(epoch from %(step)s) as elevated,
    count(*) filter (where risk_level = 'High') / extract(epoch from %(step)s) as high
from heartbeats
where event_time > %(range_end)s - interval '5 minutes' and event_time <= %(range_end)s
group by date_bin(%(step)s, event_time, timestamp '2026-01-01')
order by time;
