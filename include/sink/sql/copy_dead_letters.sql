-- Copy rejected records in.
copy dead_letters (
    topic_id, topic, partition, "offset", rewinds, key, value, headers, kafka_timestamp, reason, detail,
    payload_kept, customer_id, event_time
) from stdin (format binary);
