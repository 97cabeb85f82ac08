-- Maintenance deletes what is older than the readings: alarms that are over, with their transitions, and messages.
grant select (opened, cleared, state), delete on alarms to heartbeat_hourly;
grant select (planned_at), delete on messages to heartbeat_hourly;
grant select (noted_at), delete on alarm_touches to heartbeat_hourly;
