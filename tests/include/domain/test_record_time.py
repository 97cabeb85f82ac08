"""Which of Kafka's timestamps are times."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.record_time import record_time_us
from include.domain.schema import RAW_RECORD

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MS = 253_370_764_799_999


@pytest.mark.parametrize(("timestamp_ms", "time_us"), [(0, 0), (1, 1000), (LAST_MS, LAST_MS * 1000)])
def test_times_from_1970_up_to_the_year_9999_are_usable(timestamp_ms: int, time_us: int) -> None:
    assert record_time_us(timestamp_ms) == time_us


@pytest.mark.parametrize(
    "timestamp_ms",
    [None, -1, -2, LAST_MS + 1, 1_700_000_000_000_000, 1_700_000_000_000_000_000, 2**63 - 1, -(2**63)],
)
def test_all_others_are_none(timestamp_ms: int | None) -> None:
    assert record_time_us(timestamp_ms) is None


@given(st.integers(-(2**63), 2**63 - 1) | st.integers(0, LAST_MS))
def test_what_is_usable_fits_into_a_raw_record_and_into_a_datetime(timestamp_ms: int) -> None:
    time_us = record_time_us(timestamp_ms)

    [held] = pa.array([time_us], RAW_RECORD.field("timestamp").type).to_pylist()
    assert held == (None if time_us is None else EPOCH + timedelta(milliseconds=timestamp_ms))
