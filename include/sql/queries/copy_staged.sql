-- Copy readings into the session's staging table.
copy staged_readings (customer_id, heart_rate, event_time, risk_level, row) from stdin (format binary);
