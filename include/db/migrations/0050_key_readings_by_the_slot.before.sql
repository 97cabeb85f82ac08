-- What is done before migration 0050, each statement by itself: each day gets its index while readings are stored.
-- What an interrupted attempt has left is dropped and made again.
-- Returns: statement; the oldest day first, since what is stored meanwhile pays for two keys
with days as (
    select
        pg_class.relname as day,
        pg_class.relname || '_key' as key,
        pg_index.indisvalid as is_whole
    from pg_inherits
    inner join pg_class on pg_inherits.inhrelid = pg_class.oid
    left join pg_class as keys
        on keys.relname = pg_class.relname || '_key' and keys.relnamespace = pg_class.relnamespace
    left join pg_index on keys.oid = pg_index.indexrelid
    where pg_inherits.inhparent = 'heartbeats'::regclass
)

select steps.statement
from days
cross join
    lateral (
        values
        (1, case when not days.is_whole then format('drop index concurrently %I', days.key) end),
        (2, format(
            'create unique index concurrently %I on %I (slot_of(event_time), customer_id, event_time)',
            days.key, days.day
        ))
    ) as steps (step, statement)
where days.is_whole is not true and steps.statement is not null
order by days.day, steps.step;
