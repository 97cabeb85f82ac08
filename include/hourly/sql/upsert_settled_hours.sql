-- Store what was decided about each hour; an hour for which nothing is new keeps its row as it is. If only the findings
-- are, it stands by the new run, since that is where everybody reads them.
-- Params:  decisions jsonb: an array of objects with the columns below; is_new_revision: whether rows were published;
--          found_otherwise timestamp[]: the hours of which the run found something else than the one they stand by
insert into settled_hours as settled (hour, state, reason, readings, ledger_readings, mean_bpm, revision, run_id)
select
    hour,
    state,
    reason,
    readings,
    ledger_readings,
    mean_bpm,
    is_new_revision::int as revision,
    run_id
from jsonb_to_recordset(%(decisions)s) as decision (
    hour timestamp,
    state text,
    reason text,
    readings bigint,
    ledger_readings bigint,
    mean_bpm numeric(5, 2),
    is_new_revision boolean,
    run_id bigint
)
on conflict (hour) do update
set
    state = excluded.state,
    reason = excluded.reason,
    readings = excluded.readings,
    ledger_readings = excluded.ledger_readings,
    mean_bpm = excluded.mean_bpm,
    revision = settled.revision + excluded.revision,
    run_id = excluded.run_id,
    settled_at = excluded.settled_at
where
    excluded.revision > 0
    or (settled.state, settled.readings, settled.ledger_readings)
    is distinct from (excluded.state, excluded.readings, excluded.ledger_readings)
    or settled.reason is distinct from excluded.reason
    or settled.hour = any(%(found_otherwise)s::timestamp[]);
