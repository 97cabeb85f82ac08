-- The customers who break a rule about what they send in an hour, after create_summed and create_rejected in the same
-- snapshot. A customer who was held back before retention dropped the hour's rejected records stays held back: the
-- evidence can no longer be counted.
-- Params:  hours timestamp[]; rules jsonb: an array of objects with name, fact, at_least, at_most;
--          min_records bigint: of fewer no share is taken
-- Returns: hour, customer_id, rule, observed, readings, rejected; reasons: rejected records by reason, null if none;
--          detail: the earlier explanation, null for what was found just now
with rules as (
    select *
    from jsonb_to_recordset(%(rules)s) as rule (
        name text,
        fact text,
        at_least double precision,
        at_most double precision
    )
),

rejected as (
    select
        hour,
        customer_id,
        sum(records)::bigint as records,
        string_agg(format('%%s %%s', records, reason), ', ' order by records desc, reason asc) as reasons
    from rejected_records
    where customer_id is not null
    group by hour, customer_id
),

customers as (
    select
        coalesce(summed.hour, rejected.hour) as hour,
        coalesce(summed.customer_id, rejected.customer_id) as customer_id,
        coalesce(summed.readings, 0) as readings,
        coalesce(rejected.records, 0) as rejected,
        rejected.reasons,
        summed.coverage
    from summed_readings as summed
    full outer join rejected on summed.hour = rejected.hour and summed.customer_id = rejected.customer_id
),

measured as (
    select
        customers.*,
        facts.fact,
        facts.observed
    from customers
    cross join
        lateral (
            values
            (
                'rejected_share',
                case
                    when customers.readings + customers.rejected >= %(min_records)s
                        then customers.rejected::double precision / (customers.readings + customers.rejected)
                end
            ),
            ('coverage', customers.coverage::double precision)
        ) as facts (fact, observed)
    where customers.customer_id is not null
),

found as (
    select
        measured.hour,
        measured.customer_id,
        rules.name as rule,
        measured.observed,
        measured.readings,
        measured.rejected,
        measured.reasons,
        null::text as detail
    from measured
    inner join rules on measured.fact = rules.fact
    where measured.observed < rules.at_least or measured.observed > rules.at_most
)

select *
from found
union all
select
    earlier.hour,
    earlier.customer_id,
    earlier.rule,
    earlier.observed,
    earlier.readings,
    earlier.rejected,
    null as reasons,
    earlier.detail
from held_back_customers as earlier
where
    earlier.hour = any(%(hours)s)
    and earlier.rule in (select rules.name from rules)
    and exists (
        select from retention_log
        where retention_log.parent = 'dead_letters' and retention_log.day >= earlier.hour::date
    )
    and not exists (
        select from found
        where found.hour = earlier.hour and found.customer_id = earlier.customer_id and found.rule = earlier.rule
    )
order by hour, customer_id, rule;
