-- The alarms of some customers that were not over by an instant of each customer's.
-- Params:  customers uuid[], sinces timestamp[] in step
-- Returns: customer_id, id, rule, severity, onset, opened, cleared, peak_bpm, readings, policy_version, limits_version
select
    alarms.customer_id,
    alarms.id,
    alarms.rule,
    alarms.severity,
    alarms.onset,
    alarms.opened,
    alarms.cleared,
    alarms.peak_bpm,
    alarms.readings,
    alarms.policy_version,
    alarms.limits_version
from unnest(%(customers)s::uuid[], %(sinces)s::timestamp[]) as asked (customer_id, since)
inner join alarms
    on
        alarms.customer_id = asked.customer_id
        and alarms.state <> 'retracted'
        and (alarms.cleared is null or alarms.cleared > asked.since);
