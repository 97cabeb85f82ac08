"""Readings from a binary COPY: whatever the blocks and parts in which they come, each customer's are the same."""

import struct
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.episodes.packed import NO_READINGS, PACKED, by_customer, from_copy

EPOCH_2000_US = 946_684_800_000_000
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), struct.pack(">h", -1)

histories = st.dictionaries(
    st.binary(min_size=16, max_size=16),
    st.lists(st.tuples(st.integers(0, 2**50), st.integers(0, 255)), min_size=1, max_size=12),
    max_size=5,
)


def copied(history: dict[bytes, list[tuple[int, int]]]) -> bytes:
    rows = [
        struct.pack(">hi16siqii", 3, 16, customer, 8, time_us - EPOCH_2000_US, 4, bpm)
        for customer, readings in history.items()
        for time_us, bpm in readings
    ]
    return b"".join([HEADER, *rows, TRAILER])


@given(histories, st.lists(st.integers(0, 3000), max_size=6), st.integers(1, 7))
def test_each_customers_readings_are_found_in_whatever_blocks_they_come(
    history: dict[bytes, list[tuple[int, int]]], cuts: list[int], most: int
) -> None:
    whole = copied(history)
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    blocks = [whole[start:end] for start, end in pairwise(edges)]

    parts = list(from_copy(blocks, most=most))

    found = {who: list(zip(times, bpms, strict=True)) for who, times, bpms in by_customer(parts)}
    assert found == history
    assert all(len(part) <= most for part in parts)


def test_nothing_is_nothing() -> None:
    assert list(from_copy([HEADER + TRAILER])) == []
    assert list(by_customer([NO_READINGS, np.empty(0, dtype=PACKED)])) == []
