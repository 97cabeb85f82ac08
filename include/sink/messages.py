"""The messages that librdkafka handed out, as a gathering."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import numpy as np

from include.broker.intake import Messages
from include.broker.librdkafka import headers_of, key_of
from include.compiled.values import ValuesInPlace
from include.domain.record_time import record_times_us
from include.sink.gathering import MAX_VALUE_BYTES, Gathering, Origin, too_large

# Reads these records of one partition again, byte for byte: librdkafka cuts header names off at a NUL.
ExactOrigins = Callable[[int, Sequence[int]], Mapping[int, Origin]]


def from_messages(messages: Messages, exact_origins: ExactOrigins) -> Gathering:
    """Return the records of these messages, each partition's in the order of its offsets."""
    partitions, offsets, values = messages.partitions, messages.offsets, messages.values
    large = {
        row: too_large(len(value), sha256(value).hexdigest())
        for row in np.flatnonzero(values.lengths > MAX_VALUE_BYTES).tolist()
        if (value := values[row])
    }
    if large:
        addresses = values.addresses.copy()
        addresses[list(large)] = 0
        values = ValuesInPlace(addresses, values.lengths, values.require_there)
    return Gathering(
        partitions,
        offsets,
        record_times_us(messages.times_ms),
        values,
        {
            at: int(offsets[partitions == at][-1]) + 1
            for at in np.flatnonzero(np.bincount(partitions)).tolist()
        },
        lambda rows: _origins(messages, rows, exact_origins),
        large,
        frozenset(large),
    )


def _origins(messages: Messages, rows: Sequence[int], exact_origins: ExactOrigins) -> dict[int, Origin]:
    messages.values.require_there()
    found: dict[int, Origin] = {}
    in_doubt: dict[int, dict[int, int]] = {}
    for row in rows:
        address = int(messages.addresses[row])
        headers, are_whole = headers_of(address)
        found[row] = Origin(key_of(address), headers)
        if not are_whole:
            place = in_doubt.setdefault(int(messages.partitions[row]), {})
            place[int(messages.offsets[row])] = row
    for partition, row_by_offset in in_doubt.items():
        exact = exact_origins(partition, sorted(row_by_offset))
        # What Kafka no longer holds stays as librdkafka tells it.
        found |= {row: exact[offset] for offset, row in row_by_offset.items() if offset in exact}
    return found
