"""What is to become of a record: said from how it was made, not by reading it again."""

from dataclasses import dataclass

from include.domain.reasons import Outcome, Reason
from producer.events import Event
from producer.instants import MS_PER_DAY, MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How far an event time may lie from its Kafka record's timestamp."""

    retention_days: int
    max_clock_skew_seconds: int

    def offence(self, event_time_ms: int, record_time_ms: int) -> Reason | None:
        """Return why a reading of that time is rejected, if it is."""
        if event_time_ms > record_time_ms + self.max_clock_skew_seconds * MS_PER_SECOND:
            return Reason.FUTURE_EVENT_TIME
        if event_time_ms < record_time_ms - self.retention_days * MS_PER_DAY:
            return Reason.EXPIRED_EVENT_TIME
        return None


def expected_outcome(event: Event, record_time_ms: int, limits: TimeLimits) -> tuple[Outcome, Reason | None]:
    """Return what a stored record is to become.

    Call it once a record, in the order in which the partition stored them: of two records for one instant the
    first is accepted, whichever of them that is.
    """
    reason = event.defect or limits.offence(event.event_time_ms, record_time_ms)
    if reason is not None:
        return Outcome.QUARANTINED, reason
    if event.instant is None:
        return Outcome.ACCEPTED, None
    if event.instant.stored_bpm is None:
        event.instant.stored_bpm = event.heart_rate_bpm
        return Outcome.ACCEPTED, None
    if event.instant.stored_bpm == event.heart_rate_bpm:
        return Outcome.DUPLICATE, None
    return Outcome.QUARANTINED, Reason.CONFLICTING_READING
