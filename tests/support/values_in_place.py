"""Values laid out in memory as librdkafka would hold them."""

from collections.abc import Sequence

import numpy as np

from include.compiled.values import ValuesInPlace


def in_place(values: Sequence[bytes | None], *, between: bytes = b"") -> ValuesInPlace:
    """Return the values one behind the other, with something between them that none of them may touch."""
    memory = np.frombuffer(
        b"".join(between + (value or b"") for value in values) + between + b"!", dtype=np.uint8
    )
    lengths = np.array([len(value or b"") for value in values], dtype=np.int64)
    starts = np.cumsum(lengths + len(between)) - lengths
    is_there = np.array([value is not None for value in values], dtype=np.bool_)
    addresses = np.where(is_there, starts + memory.ctypes.data, 0)
    return ValuesInPlace(addresses, lengths, lambda: memory)
