"""What an event is made of, and what a reading may be."""

MIN_HEART_RATE_BPM = 30
MAX_HEART_RATE_BPM = 220

CUSTOMER_ID = "customer_id"
HEART_RATE = "heart_rate"
TIMESTAMP = "timestamp"
EVENT_FIELDS = (CUSTOMER_ID, HEART_RATE, TIMESTAMP)

UUID_BYTES = 16
