"""How a letter is addressed when it is sent again."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.broker.topic import TimestampLimits
from include.domain.original_time import ORIGINAL_TIME_HEADER, original_time_us
from include.domain.reasons import Reason
from include.errors import OptionError
from include.replay.rules import (
    TRACE_HEADER,
    choose,
    copy_headers,
    format_place,
    parse_place,
    record_time_ms,
    traced_place,
)
from include.replay.types import Letter, RecordPlace, Selection

NOW = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001 - the columns are UTC without a zone
PLACE = RecordPlace(UUID(int=5), 3, 99)
LETTER = Letter(PLACE, 1, NOW, Reason.MALFORMED_JSON, b"key", b"value", None, NOW - timedelta(days=2))


ANY_TIME = TimestampLimits(2**63 - 1, 2**63 - 1)
TAKEN_MS = 1_772_193_600_000  # 2026-02-27 12:00 UTC
IN_SIX_MINUTES_MS = TAKEN_MS + (2 * 1440 + 6) * 60_000


def time_of(limits: TimestampLimits = ANY_TIME, **changes: object) -> int | None:
    letter = replace(LETTER, **changes)  # type: ignore[arg-type]
    return record_time_ms(letter, now=NOW, kafka_retention_days=7, limits=limits)


def test_a_copy_keeps_the_time_that_the_record_was_judged_by() -> None:
    assert time_of() == TAKEN_MS


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": Reason.FUTURE_EVENT_TIME},
        {"kafka_timestamp": None},
        {"kafka_timestamp": NOW - timedelta(days=7, seconds=1)},
    ],
)
def test_a_copy_is_of_now_where_the_old_time_would_not_do(changes: dict[str, object]) -> None:
    assert time_of(**changes) is None


DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("limits", "changes"),
    [
        (TimestampLimits(DAY_MS, 2**63 - 1), {}),
        (TimestampLimits(2 * DAY_MS, 2**63 - 1), {}),  # refused by the time it arrives
        (TimestampLimits(2**63 - 1, 300_000), {"kafka_timestamp": NOW + timedelta(minutes=6)}),
        (TimestampLimits(2**63 - 1, 2**63 - 1, is_append_time=True), {}),
    ],
)
def test_a_copy_is_of_now_where_the_topic_would_not_keep_the_old_time_and_says_it(
    limits: TimestampLimits, changes: dict[str, object]
) -> None:
    assert time_of(limits, **changes) is None
    assert time_of(TimestampLimits(3 * DAY_MS, 300_000)) == TAKEN_MS
    headers = dict(copy_headers(replace(LETTER, **changes), is_restamped=True))  # type: ignore[arg-type]
    assert original_time_us(list(headers.items())) == (TAKEN_MS if not changes else IN_SIX_MINUTES_MS) * 1000


def test_a_copy_of_a_copy_keeps_the_first_time() -> None:
    told: list[dict[str, str | None]] = [
        {"key": "original_timestamp", "value": base64.b64encode(b"1000").decode()}
    ]

    copied = copy_headers(replace(LETTER, headers=told), is_restamped=True)

    assert [name for name, _ in copied] == [b"original_timestamp", TRACE_HEADER.encode()]
    assert original_time_us(copied) == 1_000_000


@given(st.none() | st.binary())
def test_any_bytes_in_the_header_of_the_time_are_a_time_or_nothing(value: bytes | None) -> None:
    time_us = original_time_us([(ORIGINAL_TIME_HEADER, value)])

    assert time_us is None or (time_us >= 0 and int(value or b"") * 1000 == time_us)


def test_a_copy_has_the_headers_of_the_record_and_one_trace() -> None:
    value = base64.b64encode(b"\x00\xff").decode()
    earlier = base64.b64encode(b"whence the record itself was replayed").decode()
    headers: list[dict[str, str | None]] = [
        {"key": "a", "value": value},
        {"key": TRACE_HEADER, "value": earlier},
        {"key": "a"},
        {"key_base64": value, "value": None},
    ]

    copied = copy_headers(replace(LETTER, headers=headers))

    trace = (TRACE_HEADER.encode(), format_place(PLACE))
    assert copied == [(b"a", b"\x00\xff"), (b"a", None), (b"\x00\xff", None), trace]
    assert traced_place(copied) == PLACE
    assert traced_place(copied[:-1]) is None


@given(st.builds(RecordPlace, st.uuids(), st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1)))
def test_a_trace_leads_back_to_its_place(place: RecordPlace) -> None:
    assert parse_place(format_place(place)) == place


@given(st.none() | st.binary())
def test_any_bytes_in_the_trace_header_are_a_place_or_nothing(value: bytes | None) -> None:
    place = parse_place(value)

    assert place is None or parse_place(format_place(place)) == place


def test_an_operators_words_become_a_selection_in_utc() -> None:
    chosen = choose(
        reasons=["malformed_json"], since="2026-03-01T10:00:00+02:00", until="2026-03-01T09:00:00", limit=5
    )

    assert chosen == Selection((Reason.MALFORMED_JSON,), NOW.replace(hour=8), NOW.replace(hour=9), 5)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"reasons": []}, "no reason is chosen"),
        ({"reasons": ["typo"]}, "no such reason: typo"),
        ({"since": "yesterday"}, "'yesterday' is not a date and time"),
        ({"since": "0001-01-01T00:00:00+05:00"}, "is not a date and time"),
        ({"until": "9999-12-31T23:00:00-05:00"}, "is not a date and time"),
        ({"limit": 0}, "at least 1"),
    ],
)
def test_words_that_name_nothing_are_refused_in_one_line(words: dict[str, object], problem: str) -> None:
    good: dict[str, object] = {"reasons": ["malformed_json"], "since": None, "until": None, "limit": 1}

    with pytest.raises(OptionError, match=problem):
        choose(**{**good, **words})  # type: ignore[arg-type]
