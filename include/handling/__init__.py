"""What people do with alarms: look, acknowledge, snooze, set limits, note pauses."""
