-- Store what was measured in an hour.
-- Params:  one for each column of the same name
insert into hour_facts (
    run_id, hour, readings, ledger_readings, ledger_difference, early_readings, delay_p95_seconds, quarantined,
    quarantine_share, unnamed, unnamed_share, held_back, poorly_covered_share, mean_drift
)
values (
    %(run_id)s, %(hour)s, %(readings)s, %(ledger_readings)s, %(ledger_difference)s, %(early_readings)s,
    %(delay_p95_seconds)s, %(quarantined)s, %(quarantine_share)s, %(unnamed)s, %(unnamed_share)s, %(held_back)s,
    %(poorly_covered_share)s, %(mean_drift)s
);
