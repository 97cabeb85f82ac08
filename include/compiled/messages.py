"""librdkafka's messages, taken apart and given back many at a time; for code that numba compiles.

In: n addresses of rd_kafka_message_t. Out: n partitions, offsets, times, addresses and lengths of values, errors. Cost:
10 ns per message, and 40 ns to give one back.
"""

from typing import Any

from include.compiled.memory import call, compiled, int_at, long_at

# Where the fields of rd_kafka_message_t lie.
ERROR_AT, PARTITION_AT, VALUE_AT, LENGTH_AT, OFFSET_AT = 0, 16, 24, 32, 56


@compiled
def signed(number: int) -> int:
    """Return the four bytes of an int as the number that C means by them."""
    return number - 2**32 if number >= 2**31 else number


@compiled
def unpack_messages(
    messages: Any,
    count: int,
    timestamp_of: int,
    timestamp_kind: int,
    partitions: Any,
    offsets: Any,
    times_ms: Any,
    addresses: Any,
    lengths: Any,
    failures: Any,
) -> int:
    """Return how many bytes the values have in all; `failures` says of each message what its error is, or 0."""
    size = 0
    for row in range(count):
        message = messages[row]
        partitions[row] = signed(int_at(message + PARTITION_AT))
        offsets[row] = long_at(message + OFFSET_AT)
        times_ms[row] = call(timestamp_of, message, timestamp_kind)
        addresses[row] = long_at(message + VALUE_AT)
        lengths[row] = long_at(message + LENGTH_AT)
        failures[row] = signed(int_at(message + ERROR_AT))
        size += lengths[row]
    return size


@compiled
def give_back(messages: Any, count: int, destroy: int) -> int:
    """Let librdkafka free the messages."""
    for row in range(count):
        call(destroy, messages[row], 0)
    return count
