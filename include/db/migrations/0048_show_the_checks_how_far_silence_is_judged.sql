-- The checks of each minute see up to when all is stored: while that stands still nobody can be found silent.
grant select (progress) on alarm_evaluator to heartbeat_hourly;
