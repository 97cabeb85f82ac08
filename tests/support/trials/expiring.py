"""Readings of a day that expires while they come: what became of each is asked of the database at the end."""

from datetime import date, datetime, time, timedelta
from itertools import count

from kafka import KafkaProducer

from include.broker.access import client_options
from include.domain.reasons import Outcome, Reason
from include.settings import Settings
from tests.support.pipeline import event
from tests.support.trials.trial import Trial

_CUSTOMER = 2 * 10**6
_AT_A_TIME = 10


class ExpiringReadings:
    """Sends readings of one day, some at a time; `rejected` are the rows that tell of those that came too late."""

    rejected = (
        f"dead_letters where reason = '{Reason.EXPIRED_EVENT_TIME}' and detail like 'the database keeps%'"
    )

    def __init__(self, settings: Settings, day: date) -> None:
        self._topic = settings.kafka.topic
        self._noon = datetime.combine(day, time(12))
        self._producer = KafkaProducer(**client_options(settings), acks="all")
        self._numbers = count()
        self._places: set[tuple[int, int]] = set()

    def close(self) -> None:
        """Leave the broker."""
        self._producer.close()

    def send_some(self) -> None:
        """Send some and wait until they are acknowledged."""
        for _ in range(_AT_A_TIME):
            number = next(self._numbers)
            value = event(number, at=self._noon + timedelta(seconds=number), customer=_CUSTOMER)
            stored = self._producer.send(self._topic, value, b"old").get(timeout=60)
            self._places.add((stored.partition, stored.offset))

    def note_into(self, trial: Trial) -> int:
        """Note what became of them: they were rejected, which is counted, or stored and dropped with their day."""
        rows = trial.pipeline.rows(f'select partition, "offset" from {self.rejected}')  # noqa: S608 - our own words
        rejected = self._places & set(rows)
        for partition, offset in rejected:
            trial.amendments.sent(
                partition, offset, Outcome.QUARANTINED, reason=Reason.EXPIRED_EVENT_TIME.value
            )
        trial.amendments.expired += len(self._places) - len(rejected)
        return len(rejected)
