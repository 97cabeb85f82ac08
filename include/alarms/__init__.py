"""The evaluator of alarms: from what the stream has stored to alarms and their transitions."""
