-- When the alarms were last evaluated, up to when all is stored by which they judge a silence, and since when something
-- is to be told that nobody has taken up, or not taken.
-- Returns: looked_at, progress, waiting_since, untaken_since (UTC), each null for never or nothing
select
    (select max(looked_at) from alarm_evaluator) as looked_at,
    (select max(progress) from alarm_evaluator) as progress,
    (select min(noted_at) from outbox) as waiting_since,
    (
        select min(planned_at)
        from messages
        where sent_at is null and given_up_at is null
    ) as untaken_since;
