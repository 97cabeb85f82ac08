-- Alarms: the open ones first, critical before warning, the newest before the others.
-- Params:  id bigint, customer_id uuid, rule, severity text: null for all; since, until timestamp (UTC): those that lie
--          between with some part, null for all; with_past boolean; most int
select
    id,
    customer_id,
    rule,
    severity,
    state,
    onset,
    opened,
    cleared,
    peak_bpm,
    readings,
    policy_version,
    limits_version,
    detected_at,
    acknowledged_by,
    acknowledged_at,
    snoozed_until,
    note
from alarms
where
    (%(id)s::bigint is null or id = %(id)s)
    and (%(customer_id)s::uuid is null or customer_id = %(customer_id)s)
    and (%(rule)s::text is null or rule = %(rule)s)
    and (%(severity)s::text is null or severity = %(severity)s)
    and (%(until)s::timestamp is null or onset < %(until)s)
    and (%(since)s::timestamp is null or coalesce(cleared, 'infinity') > %(since)s)
    and (%(with_past)s or state = 'open')
order by (state = 'open') desc, case when state = 'open' then severity end asc, opened desc, id desc
limit %(most)s;
