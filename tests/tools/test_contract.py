"""The published contract: it is what the sources say, and its verdict on a record is the stream's own."""

import calendar
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from include.domain.event_json import MAX_NESTING
from include.domain.reasons import Reason
from include.domain.record_time import NO_TIME
from include.domain.schema import EVENT_FIELDS
from include.domain.validation import validate
from tests.include.domain import reference
from tests.include.domain.test_validation import (
    ACCEPTED,
    BOUNDS,
    EXAMPLES,
    RECORD_TIME_US,
    RETENTION_SECONDS,
    SKEW_SECONDS,
    dumped,
    event,
    records,
)
from tests.support.programs import run_python
from tools.contract.__main__ import ASYNCAPI, FOLDER, SCHEMA
from tools.contract.event import BEYOND_THE_SCHEMA

ORDER = list(Reason)
UNREADABLE = object()
# Kept by the database and by chance, not by what a record says.
NOT_OF_THE_RECORD = {"conflicting", "unprocessable"}


def is_whole(_: object, number: object) -> bool:
    """Tell whether JSON Schema calls it an integer: numbers of any length, exactly as they are written."""
    return type(number) is int or (isinstance(number, Fraction) and number.denominator == 1)


Validator = extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole)
)


@pytest.fixture(scope="module")
def validator() -> Any:
    """Give a validator of the published schema."""
    schema = json.loads((FOLDER / SCHEMA).read_text())
    Draft202012Validator.check_schema(schema)
    return Validator(schema)


def test_the_files_are_what_the_sources_say() -> None:
    checked = run_python("-m", "tools.contract", "--check")

    assert checked.returncode == 0, checked.stderr


def test_both_files_describe_the_same_event() -> None:
    schema = json.loads((FOLDER / SCHEMA).read_text())
    document = yaml.safe_load((FOLDER / ASYNCAPI).read_text())
    [message] = document["components"]["messages"].values()

    assert {**message["payload"], "$schema": schema["$schema"], "$id": schema["$id"]} == schema
    assert set(message["x-reasons"]) == set(Reason)


# --- what the schema says, and what it cannot -----------------------------------------------------------------------


def read(value: bytes | None) -> object:
    """Return the value as JSON, its numbers exact and the last of repeated fields, or UNREADABLE."""
    try:
        return json.loads(
            (value or b"").decode("utf-8"),
            parse_int=reference._whole,
            parse_float=reference._exact,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return UNREADABLE


def reason_of(error: ValidationError) -> Reason:
    """Return the reason that an error of the schema stands for."""
    if not error.path:
        return Reason.MISSING_FIELD if error.validator == "required" else Reason.MALFORMED_JSON
    field = str(error.path[0])
    if field == "heart_rate" and error.validator in ("minimum", "maximum"):
        return Reason.HEART_RATE_OUT_OF_RANGE
    return {
        "customer_id": Reason.BAD_CUSTOMER_ID,
        "heart_rate": Reason.BAD_HEART_RATE,
        "timestamp": Reason.BAD_TIMESTAMP,
    }[field]


def rules_beyond(value: bytes | None, instance: object, time_us: int) -> Iterator[str]:
    """Yield the listed rules that a record breaks by what it says, found without the product's code."""
    if instance is UNREADABLE:
        yield "unreadable"
        return
    text = (value or b"").decode()
    if reference._depth(text) > MAX_NESTING:
        yield "nested_too_deep"
    pairs: list[str] = []
    json.loads(text, object_pairs_hook=lambda found: repeated(found, pairs), parse_int=str, parse_float=str)
    if pairs:
        yield "field_given_twice"
    if time_us == NO_TIME:
        yield "no_record_time"
        return
    at = reference._instant(instance.get("timestamp")) if isinstance(instance, dict) else None
    if at is not None and at > time_us + SKEW_SECONDS * 10**6:
        yield "future"
    if at is not None and at < time_us - RETENTION_SECONDS * 10**6:
        yield "expired"


def repeated(found: list[tuple[str, object]], into: list[str]) -> dict[str, object]:
    names = [name for name, _ in found]
    into += [name for name in EVENT_FIELDS if names.count(name) > 1]
    return dict(found)


def foretold(validator: Any, value: bytes | None, time_us: int) -> Reason | None:
    """Return what the contract says becomes of a record: the first reason in order, or None."""
    instance = read(value)
    listed = {rule.name: rule.reason for rule in BEYOND_THE_SCHEMA if rule.name not in NOT_OF_THE_RECORD}
    reasons = {listed[name] for name in rules_beyond(value, instance, time_us)}
    if instance is not UNREADABLE:
        reasons |= {reason_of(error) for error in validator.iter_errors(instance)}
    return min(reasons, key=ORDER.index, default=None)


def judged(values: list[bytes | None], times_us: list[int]) -> list[Reason | None]:
    """Return what the stream makes of the records: the reason of each, or None for a reading."""
    verdict = validate(values, np.array(times_us, dtype=np.int64), BOUNDS)
    return [
        verdict.rejections[row].reason if row in verdict.rejections else None for row in range(len(values))
    ]


def test_each_rule_of_the_list_has_a_reason_of_its_own_kind_and_none_is_missing() -> None:
    names = [rule.name for rule in BEYOND_THE_SCHEMA]
    said_by_the_schema = {
        Reason.MISSING_FIELD,
        Reason.BAD_CUSTOMER_ID,
        Reason.BAD_HEART_RATE,
        Reason.HEART_RATE_OUT_OF_RANGE,
        Reason.BAD_TIMESTAMP,
    }

    assert len(set(names)) == len(names)
    assert {rule.reason for rule in BEYOND_THE_SCHEMA} | said_by_the_schema == set(Reason)


@pytest.mark.parametrize("value", [value for value, _ in EXAMPLES] + ACCEPTED)
def test_the_contract_foretells_what_becomes_of_each_example(validator: Any, value: bytes | None) -> None:
    assert [foretold(validator, value, RECORD_TIME_US)] == judged([value], [RECORD_TIME_US])


def test_a_line_break_after_a_text_is_refused_by_the_schema_too(validator: Any) -> None:
    good = json.loads(event())

    assert validator.is_valid(good)
    for field in ("customer_id", "timestamp"):
        assert not validator.is_valid({**good, field: f"{good[field]}\n"})


@pytest.mark.parametrize("year", [0, 1, 4, 100, 400, 1900, 2000, 2023, 2024, 2026, 9996, 9999])
@pytest.mark.parametrize(("hyphen", "clock"), [("-", "T00:00"), ("", "T0000")])
def test_the_schema_knows_the_calendar(validator: Any, year: int, hyphen: str, clock: str) -> None:
    good = json.loads(event())
    texts = [
        f"{year:04}{hyphen}{month:02}{hyphen}{day:02}{clock}" for month in range(14) for day in range(33)
    ]

    found = [text for text in texts if validator.is_valid({**good, "timestamp": text})]

    assert found == [text for text in texts if reference._instant(text) is not None]
    assert len(found) == (0 if year == 0 else 366 if calendar.isleap(year) else 365)


days = st.builds(
    "{:04}{}{:02}{}{:02}".format,
    st.integers(0, 9999) | st.sampled_from([0, 4, 100, 400, 1900, 2000, 2024, 2026, 2100]),
    hyphens := st.sampled_from(["-", ""]),
    st.integers(0, 13) | st.just(2),
    hyphens,
    st.integers(0, 32) | st.sampled_from([28, 29, 30, 31]),
)
clocks = st.builds(
    "{:02}{}{:02}{}".format,
    st.integers(0, 25),
    colons := st.sampled_from([":", ""]),
    st.integers(0, 61),
    st.just("") | st.builds("{}{:02}".format, colons, st.integers(0, 61)),
)
zones = st.sampled_from(["", "Z", "z", "+00:00", "-23:59", "+24:00", "+0160", "-05", "+5"])
instants = st.builds(
    "{}{}{}{}{}".format,
    days,
    st.sampled_from("Tt "),
    clocks,
    st.sampled_from(["", ".5", ",123456789"]),
    zones,
)
recent = st.timedeltas(timedelta(days=-100), timedelta(minutes=10)).map(
    lambda off: (datetime(2026, 11, 23, 8) + off).isoformat()  # noqa: DTZ001
)
calendar_records = st.builds(lambda text: event(timestamp=text), instants | recent)
doubled = st.builds(
    lambda fields, name, value: dumped(fields, {})[:-1] + f', "{name}": {json.dumps(value)}}}'.encode(),
    st.just(json.loads(event())),
    st.sampled_from([*EVENT_FIELDS, "extra"]),
    st.just(72) | st.text(max_size=3),
)
times = st.just(RECORD_TIME_US) | st.just(NO_TIME) | st.integers(0, 2 * RECORD_TIME_US)


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(records | calendar_records | doubled, times), min_size=1, max_size=60))
def test_the_contract_foretells_what_the_stream_does_with_any_record(
    validator: Any, sent: list[tuple[bytes | None, int]]
) -> None:
    values, times_us = [value for value, _ in sent], [time_us for _, time_us in sent]

    assert [foretold(validator, *record) for record in sent] == judged(values, times_us)
