-- Copy rejected records in.
copy dead_letters (
    topic_id, topic, partition, "offset", key, value, headers, kafka_timestamp, reason, detail
) from stdin (format binary);
