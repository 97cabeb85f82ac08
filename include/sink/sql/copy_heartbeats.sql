-- Copy readings in; the whole copy fails if one of them is already there.
copy heartbeats (customer_id, heart_rate, event_time, risk_level) from stdin (format binary);
