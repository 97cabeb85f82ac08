-- Write what a look has found: alarms that change or are retracted, new ones, each transition, what is to be told, and
-- how many episodes opened in each hour.
-- A change of figures alone is no transition. A retracted alarm keeps what was told of it. Whoever runs this has locked
-- the alarms that change: their transitions are numbered by those that there are.
-- Params:  changes jsonb: array of {place, id (null: a new one), customer_id, rule, severity, onset, opened, cleared,
--          peak_bpm, readings, state, policy_version, limits_version, kinds: [...]}; is_told boolean
-- Returns: transitions: how many there were
with asked as materialized (
    select *
    from jsonb_to_recordset(%(changes)s) as change (
        place int,
        id bigint,
        customer_id uuid,
        rule text,
        severity text,
        onset timestamp,
        opened timestamp,
        cleared timestamp,
        peak_bpm int,
        readings bigint,
        state text,
        policy_version text,
        limits_version bigint,
        kinds text[]
    )
),

-- All that stood before and all that stands then, by the hour: the difference is what is counted.
counted as (
    insert into customer_hourly_alarms as counter (hour, customer_id, rule, episodes)
    select
        hour,
        customer_id,
        rule,
        sum(step) as episodes
    from (
        select
            date_trunc('hour', alarms.opened) as hour,
            alarms.customer_id,
            alarms.rule,
            -1 as step
        from asked
        inner join alarms on asked.id = alarms.id
        where alarms.state <> 'retracted'
        union all
        select
            date_trunc('hour', opened) as hour,
            customer_id,
            rule,
            1 as step
        from asked
        where state <> 'retracted'
    ) as steps
    group by hour, customer_id, rule
    having sum(step) <> 0
    on conflict (hour, customer_id, rule) do update
    set episodes = counter.episodes + excluded.episodes
),

changed as (
    update alarms
    set
        severity = asked.severity,
        onset = asked.onset,
        opened = asked.opened,
        cleared = asked.cleared,
        peak_bpm = asked.peak_bpm,
        readings = asked.readings,
        state = asked.state,
        policy_version = asked.policy_version,
        limits_version = asked.limits_version
    from asked
    where alarms.id = asked.id
),

begun as (
    insert into alarms (
        customer_id, rule, severity, onset, opened, cleared, peak_bpm, readings, state, policy_version, limits_version
    )
    select
        customer_id,
        rule,
        severity,
        onset,
        opened,
        cleared,
        peak_bpm,
        readings,
        state,
        policy_version,
        limits_version
    from asked
    where id is null
    order by place
    returning id, customer_id, rule, onset
),

transitions as (
    select
        coalesce(asked.id, begun.id) as alarm_id,
        kinds.kind,
        kinds.number,
        asked.onset,
        asked.opened,
        asked.cleared,
        asked.place
    from asked
    left join begun
        on
            asked.id is null and asked.customer_id = begun.customer_id and asked.rule = begun.rule
            and asked.onset = begun.onset
    cross join unnest(asked.kinds) with ordinality as kinds (kind, number)
),

recorded as (
    insert into alarm_events (alarm_id, number, kind, onset, opened, cleared)
    select
        transitions.alarm_id,
        transitions.number + (
            select coalesce(max(alarm_events.number), 0)
            from alarm_events
            where alarm_events.alarm_id = transitions.alarm_id
        ) as number,
        transitions.kind,
        transitions.onset,
        transitions.opened,
        case when transitions.kind <> 'opened' then transitions.cleared end as cleared
    from transitions
    order by transitions.place, transitions.number
    returning id
),

told as (
    insert into outbox (event_id)
    select id
    from recorded
    where %(is_told)s
    order by id
)

select count(*) as transitions
from recorded;
