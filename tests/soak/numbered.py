"""Records that follow from their number, so that millions need no ground truth: the arithmetic is one.

    python -m tests.soak.numbered --records 20000000 --first-second 1700000000

Record n goes to partition n mod the partitions. Almost every one is a reading; one in a thousand is that of the number
a few before it once more, and one in a thousand is no reading at all. The command sends them as fast as it goes, and
prints as JSON what the broker has acknowledged, by partition.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from confluent_kafka import Message, Producer

from include.broker.access import LIBRDKAFKA_LOG, librdkafka_options
from include.settings import Settings, get_settings

# A multiple of every number of partitions here, so that a customer's readings all go to one.
CUSTOMERS = 20_000
# A prime, so that what is rare comes to all partitions alike.
RARE_EVERY = 997
_REPEATED, _BAD = 995, 996
_LOWEST_BPM, _RATES = 60, 30
_FLUSH_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to become of a partition's records; `number_sum` is that of the readings' numbers."""

    records: int
    accepted: int
    duplicates: int
    quarantined: int
    number_sum: int


def expected(records: int, partitions: int) -> dict[int, Expected]:
    """Return what has to become of so many records, by partition."""
    found = {}
    for partition in range(partitions):
        numbers = np.arange(partition, records, partitions, dtype=np.int64)
        rare = numbers % RARE_EVERY
        is_reading = (rare != _REPEATED) & (rare != _BAD)
        found[partition] = Expected(
            records=len(numbers),
            accepted=int(np.count_nonzero(is_reading)),
            duplicates=int(np.count_nonzero(rare == _REPEATED)),
            quarantined=int(np.count_nonzero(rare == _BAD)),
            number_sum=int(numbers[is_reading].sum()),
        )
    return found


def record(number: int, partitions: int, first_second: int) -> tuple[bytes, bytes]:
    """Return key and value of a record."""
    rare = number % RARE_EVERY
    if rare == _BAD:
        return b"bad", b"no reading %d" % number
    if rare == _REPEATED:
        number -= partitions
    second, customer = divmod(number, CUSTOMERS)
    key = b"00000000-0000-0000-0000-%012d" % customer
    bpm = _LOWEST_BPM + number % _RATES
    return key, b'{"customer_id":"%b","heart_rate":%d,"timestamp":"%b"}' % (
        key, bpm, _instant(first_second + second),
    )  # fmt: skip


def seconds_of(records: int) -> int:
    """Return how long a time the readings cover."""
    return records // CUSTOMERS + 1


def send_all(settings: Settings, records: int, first_second: int) -> dict[int, int]:
    """Send them and return how many were acknowledged by partition; a broker that is away is waited for."""
    acknowledged, topic = Counter[int](), settings.kafka.topic
    partitions = settings.kafka.partitions

    def count(error: object, message: Message) -> None:
        assert error is None, error
        acknowledged[message.partition() or 0] += 1

    producer = Producer(
        {
            **librdkafka_options(settings),
            "enable.idempotence": True,
            "message.timeout.ms": 0,
            "linger.ms": 20,
            "batch.size": 262_144,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 500_000,
            "logger": LIBRDKAFKA_LOG,
        }
    )
    for partition, key, value in _records(records, partitions, first_second):
        while True:
            try:
                producer.produce(topic, value, key, partition=partition, on_delivery=count)
            except BufferError:
                producer.poll(0.05)
            else:
                break
        producer.poll(0)
    assert producer.flush(_FLUSH_SECONDS) == 0, "the broker has not acknowledged all of them"
    return dict(acknowledged)


def _records(records: int, partitions: int, first_second: int) -> Iterator[tuple[int, bytes, bytes]]:
    for number in range(records):
        yield number % partitions, *record(number, partitions, first_second)


@lru_cache(maxsize=4)
def _instant(second: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second)).encode()


def main() -> int:
    """Send, and print what was acknowledged."""
    parser = argparse.ArgumentParser(prog="numbered.py", description=(__doc__ or "").splitlines()[0])
    for name in ("--records", "--first-second"):
        parser.add_argument(name, type=int, required=True)
    arguments = parser.parse_args()
    acknowledged = send_all(get_settings(), arguments.records, arguments.first_second)
    print(json.dumps(acknowledged), flush=True)  # noqa: T201 - whoever started us reads it
    return 0


if __name__ == "__main__":
    sys.exit(main())
