-- Alarms: the open ones first, critical before warning, the newest before the others.
-- Until when an alarm rests is a matter of its customer's rule: an earlier one may have been snoozed.
-- Params:  id bigint, customer_id uuid, rule, severity text: null for all; since, until timestamp (UTC): those that lie
--          between with some part, null for all; with_past boolean; only_unseen boolean: or null; over_since timestamp
--          (UTC): those that are over have opened since, null for all; most int
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
    (
        select max(resting.snoozed_until)
        from alarms as resting
        where resting.customer_id = alarms.customer_id and resting.rule = alarms.rule
    ) as snoozed_until,
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
    and (%(only_unseen)s is not true or acknowledged_at is null)
    and (%(over_since)s::timestamp is null or state = 'open' or opened >= %(over_since)s)
order by (state = 'open') desc, case when state = 'open' then severity end asc, opened desc, id desc
limit %(most)s;
