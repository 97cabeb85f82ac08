"""Launches of the stream that take over, store what there is, and end."""

import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

from confluent_kafka import Message, Producer
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from include.broker.access import LIBRDKAFKA_LOG, client_options, librdkafka_options
from include.broker.topic import open_broker
from include.db.connect import Role, connect
from include.settings import Settings
from include.stream.lease import FIRST_TURN, fence_lease, renew_lease, request_stop, withdraw_stop
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event

_MISCOUNTED = """
    select from (select date_trunc('hour', event_time) as hour, count(*) as readings from heartbeats group by hour) as h
    full join (select hour, sum(readings) as readings from touched_hours group by hour) as counted using (hour)
    where h.readings is distinct from counted.readings
"""
# As if the broker had acknowledged two more records, which were stored, and had then lost them in a power cut.
_LOSE_TAIL = """
    insert into heartbeats (customer_id, heart_rate, event_time, risk_level)
    select '{customer}', 70, '{at}', 'Normal';
    insert into touched_hours as counter (hour, topic_id, partition, readings)
    select date_trunc('hour', timestamp '{at}'), topic_id, partition, 1 from stream_offsets where partition = 1
    on conflict (hour, topic_id, partition) do update set readings = counter.readings + 1;
    insert into stream_commits (topic_id, partition, from_offset, to_offset, accepted, epoch)
    select topic_id, 1, next_offset, next_offset + 1, 1, epoch from stream_offsets where partition = 1;
    update stream_offsets set next_offset = next_offset + 1 where partition = 1
"""
_SUSPECT = "update stream_offsets set tries = 1, tried_offset = next_offset where partition = 0"


class Launches:
    """New readings and a rejected record in one partition, an unread gap in the other."""

    tried = frozenset[str]()
    may_wait = False

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._topic = pipeline.settings.kafka.topic
        # All that is sent at once is one batch, however busy the machine: a careful reading notes each batch.
        self._producer = Producer(
            {**librdkafka_options(pipeline.settings), "linger.ms": 10_000, "logger": LIBRDKAFKA_LOG}
        )
        self._since = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        self._made = 0
        self._readings: list[tuple[uuid.UUID, datetime, int]] = []
        self._letters: list[tuple[int, int, str]] = []
        self._duplicates = 0

    def prepare(self) -> None:
        self._send(0, self._new(5))
        self._send_rejected(0, b"{", "malformed_json")
        gone = self._send(1, [b"never read"] * 2)
        with closing(KafkaAdminClient(**client_options(self.pipeline.settings))) as admin:
            admin.delete_records({TopicPartition(self._topic, 1): gone[-1] + 1})

    def run(self, settings: Settings) -> None:
        InlineStream(settings).drain()

    def check(self) -> None:
        rows = self.pipeline.rows
        stored = rows("select customer_id, event_time, heart_rate from heartbeats")
        assert _difference(stored, self._readings) == []
        letters = rows('select partition, "offset", reason from dead_letters')
        assert _difference(letters, self._letters) == []
        assert rows("select coalesce(sum(duplicates), 0) from stream_commits") == [(self._duplicates,)]
        assert rows(_MISCOUNTED) == []
        assert self.pipeline.report().problems == []

    def close(self) -> None:
        self._producer.flush()

    # What is sent, and what must become of it

    def _new(self, count: int) -> list[bytes]:
        """Return readings that nobody has sent yet."""
        numbers = range(self._made, self._made + count)
        self._made += count
        self._readings += [(*self._key(number), 70) for number in numbers]
        return [self._event(number) for number in numbers]

    def _again(self, count: int) -> list[bytes]:
        """Return the readings that were sent first, which makes them duplicates."""
        self._duplicates += count
        return [self._event(number) for number in range(count)]

    def _event(self, number: int, heart_rate: int = 70) -> bytes:
        return event(number, at=self._since, heart_rate=heart_rate)

    def _key(self, number: int) -> tuple[uuid.UUID, datetime]:
        at = self._since.replace(tzinfo=None) + timedelta(milliseconds=number % 1000)
        return uuid.UUID(int=number // 1000 + 1), at

    def _send_rejected(self, partition: int, value: bytes, reason: str) -> None:
        [offset] = self._send(partition, [value])
        self._letters.append((partition, offset, reason))

    def _send(self, partition: int, values: list[bytes], *, at: datetime | None = None) -> list[int]:
        """Send records and return the offsets that the broker acknowledges."""
        timestamp_ms = 0 if at is None else int(at.timestamp() * 1000)
        acknowledged: list[int] = []

        def note(error: object, message: Message) -> None:
            assert error is None, error
            acknowledged.append(message.offset() or 0)

        for value in values:
            self._producer.produce(
                self._topic, value, partition=partition, timestamp=timestamp_ms, on_delivery=note
            )
        self._producer.flush()
        return acknowledged


class OddLaunches(Launches):
    """A partition that has to be read with care, with duplicates and a conflict; one whose tail Kafka has lost."""

    def prepare(self) -> None:
        if not self._made:
            self._send(1, self._new(1))
            self.run(self.pipeline.settings)
        self._send(0, [*self._new(3), *self._again(2)])
        self._send_rejected(0, self._event(0, heart_rate=90), "conflicting_reading")
        self._lose_tail()
        self.pipeline.run(_SUSPECT)

    def _lose_tail(self) -> None:
        self._new(1)
        customer, at, _ = self._readings[-1]
        self.pipeline.run(_LOSE_TAIL.format(customer=customer, at=at))


class GrowingTopic(Launches):
    """A partition is added while the launch is about to read; what it holds is read by the next one."""

    tried = frozenset(("sink/adopt_partitions", "stream/insert_offset", "sink/begin_share"))
    _partitions = 2

    def prepare(self) -> None:
        self._partitions += 1
        if self._partitions > 3:
            self._producer.list_topics(self._topic)  # else it would not know of the partition yet
            self._send(self._partitions - 2, self._new(1))

    def run(self, settings: Settings) -> None:
        stream = InlineStream(settings)
        with open_broker(settings) as broker:
            broker.ensure_topic(self._topic, self._partitions)
        stream.drain()


class Fences(Launches):
    """The words that are put into the lease's row by whoever watches: alive, stop, locked out."""

    tried = frozenset(
        (
            "stream/renew_lease",
            "stream/request_stop",
            "stream/withdraw_stop",
            "stream/fence_lease",
            "stream/refuse_launches",
        )
    )

    def prepare(self) -> None:
        self._send(0, self._new(1))

    def run(self, settings: Settings) -> None:
        stream = InlineStream(settings)
        with connect(settings, Role.STREAM, autocommit=True) as connection:
            renew_lease(connection, stream.epoch, FIRST_TURN)
            asked = request_stop(connection)
            assert asked is not None
            withdraw_stop(connection, asked)
            request_stop(connection)
            fence_lease(connection, stream.epoch)
        InlineStream(settings).drain()


def _difference(found: Sequence[object], expected: Sequence[object]) -> list[str]:
    """Return what is missing and what is there too often, in words."""
    has, wants = Counter(found), Counter(expected)
    return [f"missing: {each}" for each in wants - has] + [f"too many: {each}" for each in has - wants]
