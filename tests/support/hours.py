"""Readings stored as the stream stores them, without Spark; and the hours' sums recomputed in plain Python."""

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import median_low
from types import TracebackType
from typing import Any

import numpy as np

from include.db.connect import Role, connect
from include.domain.judge import TimeBounds
from include.domain.record_time import record_times_us
from include.domain.risk import load_policy
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.settings import Settings
from include.sink import store as product
from include.sink.days import DayPartitions
from include.sink.gathering import Gathering, Origin
from include.sink.partitions import begin_share, read_share
from include.sink.store import Database, store_gathering
from include.stream.lease import take_lease
from include.stream.types import Launch

TOPIC_ID = uuid.UUID(int=7)
HOUR = timedelta(hours=1)
# As in the default quality policy.
MIN_RECORDS_FOR_SHARE = 20


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a monitor sends; `at` is UTC without a zone."""

    customer: uuid.UUID
    bpm: int
    at: datetime

    def value(self) -> bytes:
        fields = {"customer_id": str(self.customer), "heart_rate": self.bpm, "timestamp": self.at.isoformat()}
        return json.dumps(fields).encode()


class Writer:
    """A launch of the stream that writes one partition's records, a transaction each time, with the product's code."""

    def __init__(self, settings: Settings, *, policy: str = "default", partition: int = 0) -> None:
        self._partition = partition
        self._connection = connect(settings, Role.STREAM, autocommit=True)
        self._days = DayPartitions(connect(settings, Role.STREAM, autocommit=True))
        chosen = load_policy(policy)
        self._launch = Launch(
            settings.kafka.topic,
            TOPIC_ID,
            take_lease(self._connection, "test", policy_version=chosen.version),
            chosen,
            TimeBounds(3650 * 86_400, settings.judging.max_clock_skew_seconds),
        )
        [begun] = begin_share(self._connection, self._launch, [partition])
        self._states = read_share(self._connection, self._launch, [begun.partition])

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._days.close()
        self._connection.close()

    def store(self, readings: Iterable[Measurement]) -> None:
        """Store readings that Kafka got when they were taken."""
        self.store_values([(reading.value(), reading.at) for reading in readings])

    def store_values(self, records: Sequence[tuple[bytes, datetime]]) -> None:
        """Store records: value and Kafka's timestamp."""
        first = self._states[self._partition].next_offset
        times_ms = [round(at.replace(tzinfo=UTC).timestamp() * 1000) for _, at in records]
        gathering = Gathering(
            np.full(len(records), self._partition, dtype=np.int32),
            np.arange(first, first + len(records), dtype=np.int64),
            record_times_us(times_ms),
            [value for value, _ in records],
            {self._partition: first + len(records)},
            lambda rows: dict.fromkeys(rows, Origin(None, ())),
        )
        database = Database(self._connection, self._days)
        store_gathering(gathering, product.Sink(self._launch, self._states, database, lambda: None))


def steady(
    hour: datetime, *, customers: int = 3, every_seconds: float = 60, bpm: int = 70, first: int = 1
) -> list[Measurement]:
    """Return an hour of readings without a flaw."""
    count = int(3600 / every_seconds)
    return [
        Measurement(
            uuid.UUID(int=first + customer), bpm + customer, hour + timedelta(seconds=number * every_seconds)
        )
        for customer in range(customers)
        for number in range(count)
    ]


def recompute(readings: Iterable[Measurement], hours: Sequence[datetime]) -> tuple[list[Any], list[Any]]:
    """Return customer_hourly and risk_hourly as they have to be, in order, from all that was sent.

    A heart rate that nobody has is a rejected record. Who sent more of these than readings in an hour is in no sum.
    """
    policy = load_policy("default")
    stored: dict[tuple[uuid.UUID, datetime], int] = {}
    rejected: Counter[tuple[datetime, uuid.UUID]] = Counter()
    for reading in readings:
        if MIN_HEART_RATE_BPM <= reading.bpm <= MAX_HEART_RATE_BPM:
            stored.setdefault((reading.customer, reading.at), reading.bpm)  # the first at an instant counts
        else:
            rejected[hour_of(reading.at), reading.customer] += 1
    by_customer: dict[tuple[datetime, uuid.UUID], list[tuple[datetime, int]]] = defaultdict(list)
    for (customer, at), bpm in stored.items():
        by_customer[hour_of(at), customer].append((at, bpm))
    for key, records in rejected.items():
        if records + len(by_customer.get(key, [])) >= MIN_RECORDS_FOR_SHARE and records > len(
            by_customer[key]
        ):
            del by_customer[key]
    customer_rows, risk = (
        [],
        {(hour, level): [0, 0] for hour in hours for level in ("Normal", "Elevated", "High")},
    )
    for (hour, customer), rows in sorted(by_customer.items()):
        if hour not in hours:
            continue
        rows.sort()
        rates = [bpm for _, bpm in rows]
        levels = [policy.level_of(bpm).value for bpm in rates]
        for level in set(levels):
            risk[hour, level][0] += levels.count(level)
            risk[hour, level][1] += 1
        customer_rows.append(
            (
                hour,
                customer,
                len(rows),
                *(levels.count(level) for level in ("Normal", "Elevated", "High")),
                min(rates),
                _rounded(Decimal(sum(rates)) / len(rates), "0.01"),
                max(rates),
                _coverage([at for at, _ in rows]),
                rows[0][0],
                rows[-1][0],
            )
        )
    return customer_rows, sorted((*key, *counts) for key, counts in risk.items())


def hour_of(at: datetime) -> datetime:
    """Return when the hour of an instant began."""
    return at.replace(minute=0, second=0, microsecond=0)


def published(settings: Settings) -> tuple[list[Any], list[Any]]:
    """Return customer_hourly and risk_hourly as they are, in the same form."""
    with connect(settings, Role.READER) as connection:
        return (
            connection.execute("select * from customer_hourly order by hour, customer_id").fetchall(),
            connection.execute("select * from risk_hourly order by hour, risk_level").fetchall(),
        )


def states(settings: Settings) -> dict[datetime, tuple[str, int, int]]:
    """Return each hour's state, readings and revision."""
    with connect(settings, Role.READER) as connection:
        rows = connection.execute("select hour, state, readings, revision from hour_status")
        return {hour: (state, readings, revision) for hour, state, readings, revision in rows}


def counted(hour: str, readings: int) -> str:
    """Return a statement that counts readings for an hour, as if the stream had stored them; less than 0 takes back."""
    return (
        "insert into touched_hours as counter (hour, topic_id, partition, readings) "  # noqa: S608
        f"values ('{hour}', '{TOPIC_ID}', 0, {readings}) on conflict (hour, topic_id, partition) do update "
        "set readings = counter.readings + excluded.readings, noted_at = excluded.noted_at"
    )


def _coverage(instants: list[datetime]) -> Decimal | None:
    distances = [later - earlier for earlier, later in pairwise(instants)]
    if not distances:
        return None
    microseconds = median_low(distances) // timedelta(microseconds=1)
    return min(Decimal(1), _rounded(Decimal(len(instants) * microseconds) / Decimal(3_600_000_000), "0.0001"))


def _rounded(number: Decimal, places: str) -> Decimal:
    return number.quantize(Decimal(places), ROUND_HALF_UP)
