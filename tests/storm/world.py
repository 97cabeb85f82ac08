"""What actions act on: the trial with its traffic and readers, the servers, the stream, and what has been sent."""

import json
import random
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from confluent_kafka import Message, Producer

from include.broker.access import LIBRDKAFKA_LOG, librdkafka_options
from include.domain.reasons import Outcome, Reason
from include.errors import TransientError
from include.limits.limits import NewLimit
from include.settings import Settings
from tests.storm.model import Model
from tests.support.database_proxy import DatabaseProxy
from tests.support.pipeline import Pipeline, StreamRun
from tests.support.trials.trial import Trial
from tests.support.waiting import wait_until

T = TypeVar("T")

_FLUSH_SECONDS = 300.0
ANY_PARTITION = -1


class Record(NamedTuple):
    """A record, and what has to become of it; the reading is needed of an accepted one alone."""

    value: bytes
    outcome: Outcome
    reason: Reason | None = None


@dataclass
class World:
    """A storm at work."""

    trial: Trial
    stack: Settings
    proxy: DatabaseProxy
    first_hour: datetime
    model: Model = field(default_factory=Model)
    customers: int = 0
    limits: list[NewLimit] = field(default_factory=list)

    @property
    def pipeline(self) -> Pipeline:
        """The topic and the database."""
        return self.trial.pipeline

    @property
    def settings(self) -> Settings:
        """What leads to them, with what operators have changed."""
        return self.pipeline.settings.having(readings_retention_days=self.model.retention_days)

    def hour(self, number: int) -> datetime:
        """Return the hour that lies so many before the first."""
        return self.first_hour - timedelta(hours=number)

    def launch(self) -> StreamRun:
        """Return the launch that runs; wait for it where the last one has just ended."""
        wait_until(lambda: self.trial.stream.launch, lambda launch: launch is not None and launch.is_alive())
        return self.trial.stream.running()

    def epoch(self) -> int:
        """Return the newest launch's number."""
        return int(self.pipeline.rows("select max(epoch) from stream_lease")[0][0])

    @property
    def environment(self) -> dict[str, str]:
        """The variables that each launch of the stream from now on is started with."""
        return self.trial.stream.environment

    # --- records

    def new_customers(self, count: int) -> list[int]:
        """Return numbers of customers that nobody else has."""
        first = 10**9 + self.customers
        self.customers += count
        return list(range(first, first + count))

    def send(self, records: Iterable[Record], *, partition: int = ANY_PARTITION) -> int:
        """Send records, and note what the broker acknowledges; return how many that were."""
        producer = Producer({**self.producer_options(), "enable.idempotence": True, "message.timeout.ms": 0})
        sent = self.hand_over(producer, records, partition=partition)
        left = producer.flush(_FLUSH_SECONDS)
        assert left == 0, f"{left} of {sent} records were not acknowledged in {_FLUSH_SECONDS:.0f} s"
        return sent

    def hand_over(
        self, producer: Producer, records: Iterable[Record], *, partition: int = ANY_PARTITION
    ) -> int:
        """Queue records; what the broker acknowledges is noted when the producer is flushed."""
        sent = list(records)
        for record in sent:

            def note(error: object, message: Message, record: Record = record) -> None:
                assert error is None, error
                self._note(record, message)

            producer.produce(self.settings.kafka.topic, record.value, partition=partition, on_delivery=note)
            producer.poll(0)
        return len(sent)

    def producer_options(self) -> dict[str, object]:
        """Return what every producer of the storm has in common."""
        return {**librdkafka_options(self.settings), "logger": LIBRDKAFKA_LOG}

    def _note(self, record: Record, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self.model.note_acknowledged(partition, offset)
        if record.outcome is Outcome.ACCEPTED:
            reading = json.loads(record.value)
            reading["event_time"] = reading.pop("timestamp")
            self.trial.amendments.stored(partition, offset, reading)
        else:
            reason = None if record.reason is None else record.reason.value
            self.trial.amendments.sent(partition, offset, record.outcome, reason=reason)


def reading(customer: int, at: datetime, bpm: int) -> bytes:
    """Return the event of one reading."""
    fields = {"customer_id": str(uuid.UUID(int=customer)), "heart_rate": bpm, "timestamp": at.isoformat()}
    return json.dumps(fields).encode()


def good(customers: Sequence[int], start: datetime, count: int, chance: random.Random) -> list[Record]:
    """Return so many readings, a second apart for each customer, to be accepted."""
    return [
        Record(
            reading(
                customers[number % len(customers)],
                start + timedelta(seconds=number // len(customers)),
                chance.randint(50, 160),
            ),
            Outcome.ACCEPTED,
        )
        for number in range(count)
    ]


def now() -> datetime:
    """Return the present second, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def patiently(act: Callable[[], T], *, timeout_seconds: float = 180.0) -> T:
    """Do what a workflow does: try again what another try can mend."""
    last: list[TransientError] = []

    def once() -> tuple[T] | None:
        try:
            return (act(),)
        except TransientError as error:
            last[:] = [error]
            return None

    try:
        found = wait_until(
            once, lambda seen: seen is not None, timeout_seconds=timeout_seconds, interval_seconds=0.5
        )
    except AssertionError:
        raise AssertionError(f"never done within {timeout_seconds:.0f} s: {last}") from None
    assert found is not None
    return found[0]
