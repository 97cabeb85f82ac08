-- Copy readings into the session's staging table.
copy staged_readings (customer_id, heart_rate, event_time, row, risk_level) from stdin (format binary);
