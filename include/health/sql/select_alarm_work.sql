-- When the alarms were last evaluated, and since when something is to be told that nobody has taken up, or not taken.
-- Returns: looked_at, waiting_since, untaken_since (UTC), each null for never or nothing
select
    (select max(looked_at) from alarm_evaluator) as looked_at,
    (select min(noted_at) from outbox) as waiting_since,
    (
        select min(planned_at)
        from messages
        where sent_at is null and given_up_at is null
    ) as untaken_since;
