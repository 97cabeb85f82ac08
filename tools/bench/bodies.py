"""The bench's records, rendered beforehand but for their time, so that the generator costs little.

Among them are probes: one customer per partition whose rate is at risk level High, whom the bench looks for in the
database by the small index that exists for such readings.
"""

import time
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID, uuid5

CUSTOMERS = 2000
RATES_PER_CUSTOMER = 5
PROBE_BPM = 150
RECORDS_PER_PROBE = 1000
# The backlog's readings lie this far apart, so that each customer has one in a second.
STEP_US = 1_000_000 // CUSTOMERS
_NAMESPACE = UUID("0b8f0d0c-52a5-5c0b-9d4e-6a3f1f6f0b11")


class Template(NamedTuple):
    """A record but for its time."""

    partition: int
    key: bytes
    head: bytes


class Record(NamedTuple):
    """A record to be sent."""

    partition: int
    key: bytes
    value: bytes


def probe_customer(partition: int) -> UUID:
    """Return the customer whose readings mark the progress of a partition."""
    return uuid5(_NAMESPACE, f"probe/{partition}")


def probe_templates(partitions: int) -> list[Template]:
    """Return one template per partition."""
    return [_template(partition, probe_customer(partition), PROBE_BPM) for partition in range(partitions)]


def templates(partitions: int) -> list[Template]:
    """Return a few heart rates below High of each customer; a customer's records all go to one partition."""
    customers = [(place % partitions, uuid5(_NAMESPACE, str(place))) for place in range(CUSTOMERS)]
    return [
        _template(partition, customer, 55 + (place * 7 + turn * 13) % 80)
        for turn in range(RATES_PER_CUSTOMER)
        for place, (partition, customer) in enumerate(customers)
    ]


def tail(created_us: int) -> bytes:
    """Return the end of a body: its time in microseconds since 1970 UTC."""
    seconds, rest_us = divmod(created_us, 1_000_000)
    return b'%b.%06dZ"}' % (_second(seconds), rest_us)


def backlog(records: int, partitions: int, first_us: int) -> Iterator[Record]:
    """Yield readings of the past, each at an instant of its own; every thousandth is a probe, the last ones too.

    The last record of each partition is a probe, so that seeing all probes means that all records are stored.
    """
    ordinary, probes = templates(partitions), probe_templates(partitions)
    for number in range(records):
        turn, place = divmod(number, RECORDS_PER_PROBE)
        from_end = records - 1 - number
        if from_end < partitions:
            partition, key, head = probes[from_end]
        elif place == RECORDS_PER_PROBE - 1:
            partition, key, head = probes[turn % partitions]
        else:
            partition, key, head = ordinary[number % len(ordinary)]
        yield Record(partition, key, head + tail(first_us + number * STEP_US))


def backlog_probes(records: int, partitions: int) -> int:
    """Return how many probes a backlog holds."""
    last = min(records, partitions)
    return last + (records - last) // RECORDS_PER_PROBE


def _template(partition: int, customer: UUID, bpm: int) -> Template:
    key = str(customer).encode()
    return Template(partition, key, b'{"customer_id":"%b","heart_rate":%d,"timestamp":"' % (key, bpm))


@lru_cache(maxsize=16)
def _second(seconds: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)).encode()
