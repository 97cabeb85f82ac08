"""Rows in PostgreSQL's binary COPY format, taken apart by hand."""

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.compiled.program import the_program
from include.domain.risk import RiskPolicy, load_policy
from include.domain.validation import Readings
from include.sink.encode import _levels_by_rate, encode_plainly, encode_readings, order_of

DEFAULT, SEED = load_policy("default"), load_policy("seed")
EPOCH_1970, EPOCH_2000 = datetime(1970, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)

# As far as Python can count: what a reading's event time may be is the rules' to say.
instants_us = st.integers(-62_135_596_800 * 10**6, 253_402_300_799 * 10**6)
DAYS_US = st.integers(1_790_000_000 * 10**6, 1_790_600_000 * 10**6)
rows = st.lists(
    st.tuples(st.binary(min_size=16, max_size=16), st.integers(30, 220), instants_us), max_size=40
)


def readings_of(items: list[tuple[bytes, int, int]]) -> Readings:
    return Readings(
        np.arange(len(items), dtype=np.int32) * 3 + 7,  # places in the gathering: of no matter here
        np.frombuffer(b"".join(item[0] for item in items), dtype=np.uint8).reshape(-1, 16),
        np.array([item[1] for item in items], dtype=np.int32),
        np.array([item[2] for item in items], dtype=np.int64),
    )


def taken_apart(stream: bytes) -> list[list[bytes]]:
    """Return the fields of each row as PostgreSQL would cut them."""
    assert stream[: len(HEADER)] == HEADER
    found, at = [], len(HEADER)
    while (count := struct.unpack_from(">h", stream, at)[0]) != -1:
        at += 2
        fields = []
        for _ in range(count):
            (length,) = struct.unpack_from(">i", stream, at)
            fields.append(stream[at + 4 : at + 4 + length])
            at += 4 + length
        found.append(fields)
    assert at + 2 == len(stream)
    return found


def as_written(item: tuple[bytes, int, int], policy: RiskPolicy) -> list[bytes]:
    since_2000 = EPOCH_1970 + timedelta(microseconds=item[2]) - EPOCH_2000
    microseconds = since_2000 // timedelta(microseconds=1)
    level = policy.level_of(item[1]).value.encode()
    return [item[0], struct.pack(">i", item[1]), struct.pack(">q", microseconds), level]


@given(rows, st.sampled_from([DEFAULT, SEED]))
def test_each_reading_is_one_row_with_its_level(
    items: list[tuple[bytes, int, int]], policy: RiskPolicy
) -> None:
    found = taken_apart(encode_readings(readings_of(items), policy))

    assert sorted(found) == sorted(as_written(item, policy) for item in items)


@given(rows)
def test_a_staged_row_tells_its_place_among_the_readings(items: list[tuple[bytes, int, int]]) -> None:
    found = taken_apart(encode_readings(readings_of(items), DEFAULT, with_row=True))

    by_place = {struct.unpack(">i", row)[0]: [*fields, level] for *fields, row, level in found}
    assert by_place == {place: as_written(item, DEFAULT) for place, item in enumerate(items)}


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.integers(30, 220), DAYS_US), max_size=40))
def test_rows_go_by_the_keys_slot_and_customer(items: list[tuple[bytes, int, int]]) -> None:
    found = taken_apart(encode_readings(readings_of(items), DEFAULT))

    places = [
        (struct.unpack(">q", event_time)[0] // 10_000_000, customer[:6])
        for customer, _, event_time, _ in found
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("policy", [DEFAULT, SEED])
def test_the_levels_are_the_policys_at_every_rate(policy: RiskPolicy) -> None:
    items = [(bytes(16), rate, 0) for rate in range(30, 221)]

    found = taken_apart(encode_readings(readings_of(items), policy))

    levels = {struct.unpack(">i", fields[1])[0]: fields[3].decode() for fields in found}
    assert levels == {rate: policy.level_of(rate).value for rate in range(30, 221)}


@given(rows, st.sampled_from([DEFAULT, SEED]), st.booleans())
def test_the_compiled_way_writes_the_same_bytes(
    items: list[tuple[bytes, int, int]], policy: RiskPolicy, with_row: bool
) -> None:
    readings = readings_of(items)
    order = order_of(readings)

    plain = encode_plainly(readings, order, _levels_by_rate(policy), with_row=with_row)

    assert the_program() is not None
    assert encode_readings(readings, policy, with_row=with_row) == HEADER + plain + b"\xff\xff"
