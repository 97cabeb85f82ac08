-- Store what was measured in an hour.
-- Params:  one for each column of the same name
insert into hour_facts (
    run_id, hour, readings, ledger_readings, ledger_difference, null_values, out_of_range, wrong_levels,
    repeated_readings, outside_hour, early_readings, delay_p95_seconds, quarantined, quarantine_share,
    unnamed, unnamed_share, held_back, poorly_covered_share, mean_drift
)
values (
    %(run_id)s, %(hour)s, %(readings)s, %(ledger_readings)s, %(ledger_difference)s, %(null_values)s,
    %(out_of_range)s, %(wrong_levels)s, %(repeated_readings)s, %(outside_hour)s, %(early_readings)s,
    %(delay_p95_seconds)s, %(quarantined)s, %(quarantine_share)s, %(unnamed)s,
    %(unnamed_share)s, %(held_back)s, %(poorly_covered_share)s, %(mean_drift)s
);
