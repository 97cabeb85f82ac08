-- Keep a part of what the evaluator remembers.
-- Params:  part int, customers int, memory bytea
insert into alarm_memory (part, customers, memory)
values (%(part)s, %(customers)s, %(memory)s)
on conflict (part) do update
set
    customers = excluded.customers,
    memory = excluded.memory,
    kept_at = timezone('utc', clock_timestamp());
