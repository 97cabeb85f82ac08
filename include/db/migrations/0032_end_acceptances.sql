-- What a person has accepted of an hour ends: it is taken back, or readings come late and the hour is another one.
alter table accepted_failures
add column ledger_readings bigint,
add column ended_at timestamp,
add column ended_by text,
add column ended_reason text,
add check ((ended_at is null) = (ended_reason is null));

comment on table accepted_failures is
'What a person has accepted of an hour: an expectation that failed, or a rule that a customer broke. It stays accepted '
'as long as it is found no worse than it was then, nobody takes it back, and no reading comes late';
comment on column accepted_failures.ledger_readings is
'How many readings the stream had counted for the hour when a failure of the whole hour was accepted: once it has '
'counted others, that is over. Null for a customer, and for what was accepted before this was kept';
comment on column accepted_failures.ended_at is 'Null while it is accepted';
comment on column accepted_failures.ended_by is 'Who took it back; null where late readings ended it';

grant update (ended_at, ended_by, ended_reason) on accepted_failures to heartbeat_hourly;

-- A late reading ends the acceptance in the very transaction that stores it; a settling notes that later. Hours whose
-- counters retention has dropped stay as they were.
create view acceptances_in_force as
select
    id,
    hour,
    rule,
    customer_id,
    observed,
    failure,
    accepted_by,
    reason,
    accepted_at
from accepted_failures
where
    ended_at is null
    and (
        ledger_readings is null
        or ledger_readings = coalesce(
            (
                select sum(touched_hours.readings)
                from touched_hours
                where touched_hours.hour = accepted_failures.hour
            ),
            ledger_readings
        )
    );

comment on view acceptances_in_force is 'What is accepted at this instant';

grant select on acceptances_in_force to heartbeat_hourly, heartbeat_reader;
