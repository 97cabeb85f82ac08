"""Instants and durations as people type them, and as they reach the broker."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import OptionError
from producer.instants import format_ms, format_us, instant_us, parse_duration, parse_instant


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h", 3600),
        ("2d", 172_800),
        ("250ms", 0.25),
        ("1h30m", 5400),
        ("90", 90),
        ("1.5m", 90),
    ],
)
def test_durations_are_understood(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "5 minutes",
        "5x",
        "-5s",
        "0s",
        "0",
        "nan",
        "inf",
        "1h-30m",
        "1h 30m",
        "1e300",
        "9" * 400 + "s",
        "101000d",
        "1e-9",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["2026-11-23T08:00:00Z", "2026-11-23T08:00:00", "2026-11-23 08:00", "2026-11-23T09:00:00+01:00"]
)
def test_an_instant_without_a_zone_is_utc(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 11, 23, 8, tzinfo=UTC).timestamp() * 1000


def test_what_is_no_instant_is_refused() -> None:
    with pytest.raises(OptionError, match="not an instant: 'yesterday'; write for example 2026"):
        parse_instant("yesterday")


@given(st.integers(-(2**35), 2**41))
def test_an_instant_survives_its_text(instant_ms: int) -> None:
    text = format_ms(instant_ms).decode()

    assert len(text) == len("2026-11-23T08:00:00.123Z")
    assert instant_us(text) == instant_ms * 1000


def test_microseconds_are_written_only_where_there_are_any() -> None:
    assert format_us(1_500_000) == b"1970-01-01T00:00:01.500Z"
    assert format_us(1_500_001) == b"1970-01-01T00:00:01.500001Z"
