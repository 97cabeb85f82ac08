-- The alarms that opened in a day by the readings' time, by rule, and how many opened in the day before it.
-- Params:  before, since, until timestamp (UTC), half-open
-- Returns: rule, severity; alarms, customers, open, acknowledged: of those that stand; retracted: that later readings
--          took back; seconds_to_acknowledge: half were acknowledged as quickly (null: none was); day_before
with told as (
    select
        rule,
        severity,
        customer_id,
        acknowledged_at,
        detected_at,
        state = 'open' as is_open,
        state = 'retracted' as is_retracted,
        opened >= %(since)s as is_today
    from alarms
    where opened >= %(before)s and opened < %(until)s
)

select
    rule,
    severity,
    count(*) filter (where is_today and not is_retracted) as alarms,
    count(distinct customer_id) filter (where is_today and not is_retracted) as customers,
    count(*) filter (where is_today and is_open) as open,
    count(acknowledged_at) filter (where is_today and not is_retracted) as acknowledged,
    count(*) filter (where is_today and is_retracted) as retracted,
    percentile_disc(0.5) within group (order by extract(epoch from acknowledged_at - detected_at))
        filter (where is_today and acknowledged_at is not null and not is_retracted)::double precision
    as seconds_to_acknowledge,
    count(*) filter (where not is_today and not is_retracted) as day_before
from told
group by rule, severity
order by severity, rule;
