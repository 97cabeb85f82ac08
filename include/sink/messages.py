"""The messages that librdkafka handed out, as a gathering."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
from confluent_kafka import Message

from include.domain.record_time import record_times_us
from include.sink.gathering import MAX_VALUE_BYTES, Gathering, Origin, too_large

# Reads these records of one partition again, byte for byte: librdkafka cuts header names off at a NUL.
ExactOrigins = Callable[[int, Sequence[int]], Mapping[int, Origin]]


def from_messages(messages: Sequence[Message], exact_origins: ExactOrigins) -> Gathering:
    """Return the records of these messages, each partition's in the order of its offsets."""
    count = len(messages)
    partitions = np.fromiter(map(Message.partition, messages), dtype=np.int32, count=count)
    offsets = np.fromiter(map(Message.offset, messages), dtype=np.int64, count=count)
    # A record without a timestamp has -1.
    times_ms = np.fromiter(
        (time_ms for _, time_ms in map(Message.timestamp, messages)), dtype=np.int64, count=count
    )
    values = list(map(Message.value, messages))
    large: dict[int, bytes] = {}
    if max(map(len, messages)) > MAX_VALUE_BYTES:
        large = {row: value for row, value in enumerate(values) if value and len(value) > MAX_VALUE_BYTES}
        values = [None if row in large else value for row, value in enumerate(values)]
    return Gathering(
        partitions,
        offsets,
        record_times_us(times_ms),
        values,
        {at: int(offsets[partitions == at][-1]) + 1 for at in np.unique(partitions).tolist()},
        lambda rows: _origins(messages, partitions, offsets, rows, exact_origins),
        {row: too_large(len(value), sha256(value).hexdigest()) for row, value in large.items()},
        frozenset(large),
    )


def _origins(
    messages: Sequence[Message],
    partitions: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    rows: Sequence[int],
    exact_origins: ExactOrigins,
) -> dict[int, Origin]:
    found: dict[int, Origin] = {}
    with_headers: dict[int, dict[int, int]] = {}
    for row in rows:
        message = messages[row]
        if _has_headers(message):
            with_headers.setdefault(int(partitions[row]), {})[int(offsets[row])] = row
        else:
            found[row] = Origin(message.key(), ())
    for partition, row_by_offset in with_headers.items():
        exact = exact_origins(partition, sorted(row_by_offset))
        for offset, row in row_by_offset.items():
            found[row] = exact.get(offset) or _as_told(messages[row])
    return found


def _has_headers(message: Message) -> bool:
    try:
        return bool(message.headers())
    except UnicodeDecodeError:  # a name that is no text
        return True


def _as_told(message: Message) -> Origin:
    """Return what librdkafka says of a record that Kafka no longer holds."""
    try:
        headers: Any = message.headers() or []
    except UnicodeDecodeError:
        headers = []
    return Origin(message.key(), [(name.encode(), value) for name, value in headers])
