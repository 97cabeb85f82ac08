"""What can become of a Kafka record, and why a record is rejected. The codes are stored: never rename one."""

from enum import StrEnum


class Outcome(StrEnum):
    """What became of one Kafka record; each record has exactly one outcome."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


class Reason(StrEnum):
    """Why a record was quarantined. Checks run in this order; the first that fails names the reason."""

    MALFORMED_JSON = "malformed_json"
    MISSING_FIELD = "missing_field"
    BAD_CUSTOMER_ID = "bad_customer_id"
    BAD_HEART_RATE = "bad_heart_rate"
    HEART_RATE_OUT_OF_RANGE = "heart_rate_out_of_range"
    BAD_TIMESTAMP = "bad_timestamp"
    FUTURE_EVENT_TIME = "future_event_time"
    EXPIRED_EVENT_TIME = "expired_event_time"
    CONFLICTING_READING = "conflicting_reading"
    UNPROCESSABLE = "unprocessable"


EXPLANATIONS: dict[Reason, str] = {
    Reason.MALFORMED_JSON: "the value is not one JSON object in UTF-8",
    Reason.MISSING_FIELD: "customer_id, heart_rate or timestamp is absent",
    Reason.BAD_CUSTOMER_ID: "customer_id is not a UUID",
    Reason.BAD_HEART_RATE: "heart_rate is not a whole number in JSON",
    Reason.HEART_RATE_OUT_OF_RANGE: "heart_rate is outside 30-220 bpm",
    Reason.BAD_TIMESTAMP: "timestamp is not an ISO 8601 date and time to the minute or finer",
    Reason.FUTURE_EVENT_TIME: "the reading lies further ahead of its Kafka record than MAX_CLOCK_SKEW_SECONDS",
    Reason.EXPIRED_EVENT_TIME: "the reading is older than READINGS_RETENTION_DAYS at the time of its Kafka record",
    Reason.CONFLICTING_READING: "the customer already has another heart rate at the same instant",
    Reason.UNPROCESSABLE: "the record could not be processed; detail says why",
}
