-- The checks of each minute see whether alarms are evaluated, and whether people are told.
grant select (looked_at) on alarm_evaluator to heartbeat_hourly;
grant select (noted_at) on outbox to heartbeat_hourly;
grant select (sent_at) on messages to heartbeat_hourly;
