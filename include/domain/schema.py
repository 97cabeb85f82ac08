"""The shapes of a raw Kafka record and of an accepted reading, as Arrow schemas."""

import pyarrow as pa

MIN_HEART_RATE_BPM = 30
MAX_HEART_RATE_BPM = 220

CUSTOMER_ID = "customer_id"
HEART_RATE = "heart_rate"
TIMESTAMP = "timestamp"
EVENT_FIELDS = (CUSTOMER_ID, HEART_RATE, TIMESTAMP)

UUID_BYTES = 16

# `timestamp` is the Kafka record's own, UTC; null where there is no usable one (see `record_time`). `headers` is JSON
# (see `headers`), null if the record has none. Offsets ascend within a batch.
RAW_RECORD = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("us", tz="UTC")),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("headers", pa.string()),
    ]
)

# `row` is the record's place in its raw batch, so that a conflict found later can still be traced to its bytes.
READING = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("customer_id", pa.binary(UUID_BYTES), nullable=False),
        pa.field("heart_rate", pa.int32(), nullable=False),
        pa.field("event_time", pa.timestamp("us"), nullable=False),
    ]
)

REJECTION = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)
