"""The columnar path and the plain rules give each record the same outcome."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.domain.columns import parse_events
from include.domain.judge import UNUSABLE_RECORD_TIME, TimeBounds, judge_record
from include.domain.reasons import Reason
from include.domain.record_time import NO_TIME, record_times_us
from include.domain.validation import Verdict, validate
from tests.include.domain import reference

RETENTION_SECONDS, SKEW_SECONDS = 90 * 86_400, 300
BOUNDS = TimeBounds(RETENTION_SECONDS, SKEW_SECONDS)
RECORD_TIME = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RECORD_TIME_US = int(RECORD_TIME.timestamp()) * 10**6
CUSTOMER = "550e8400-e29b-41d4-a716-446655440000"
# More than are judged one by one.
MANY = 60


def judged(values: list[bytes | None], times_us: list[int] | None = None) -> Verdict:
    """Judge records that all have the same time, unless told otherwise."""
    instants = [RECORD_TIME_US] * len(values) if times_us is None else times_us
    return validate(values, np.array(instants, dtype=np.int64), BOUNDS)


def outcomes(verdict: Verdict) -> list[object]:
    """One outcome a row, as the reference gives it; fails if a row is missing or comes twice."""
    by_row: dict[int, object] = {}
    found = verdict.readings
    assert found.rows.tolist() == sorted(found.rows.tolist())
    for at, row in enumerate(found.rows.tolist()):
        assert row not in by_row
        facts = found.customer_id[at].tobytes(), int(found.heart_rate[at]), int(found.event_time_us[at])
        by_row[row] = ("accepted", *facts)
    for row, rejection in verdict.rejections.items():
        assert row not in by_row
        by_row[row] = rejection.reason
    return [by_row[row] for row in range(len(by_row))]


def expected(values: list[bytes | None], times_us: list[int] | None = None) -> list[object]:
    instants = [RECORD_TIME_US] * len(values) if times_us is None else times_us
    return [
        reference.judge(value, None if time_us == NO_TIME else time_us, RETENTION_SECONDS, SKEW_SECONDS)
        for value, time_us in zip(values, instants, strict=True)
    ]


def event(**changes: object) -> bytes:
    fields = {"customer_id": CUSTOMER, "heart_rate": 72, "timestamp": "2026-11-23T07:59:59.250Z", **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


# --- every reason by example ---------------------------------------------------------------------------------------

MALFORMED = [
    b"", None, b" ", b"{", b"null", b"[]", b"72", b"{}{}", event() + event(), event() + b"\n" + event(), b"\xff\xfe",
    b"\xef\xbb\xbf" + event(), event()[:-1], event() + b"x", b"{'customer_id':1}", b'{"a":"\xff"}',
    event()[:-1] + b",}",
    b"[" * 100_000, b'{"x":' * 100_000, event(x=1)[:-1] + b',"heart_rate":80}', event().replace(b"72", b"072"),
    "{}".encode("utf-16"), event() + b"\0", b'{"x":' + b"[" * 65 + b"]" * 65 + b"}",
]  # fmt: skip
# The extended and the basic form mixed, times without minutes, and what else ISO 8601 allows.
REFUSED_INSTANTS = [
    "2026-11-23T075959Z", "20261123T07:59:59Z", "2026-1123T07:59:59Z", "20261123 075959Z", "20261123075959Z",
    "20261123T07Z", "20261123", "20261123T0759.5Z", "2026-11-23T07:59,5Z", "2026-11-23T07:59:59,Z",
    "2026-11-23T07:59:59;250Z", "2026-11-23T07:59:59.1,5Z", "2026-11-23T07:59:59.1234567890Z", "20261123T075960Z",
    "20261323T075959Z", "20261123T240000Z", "20261123T075959.123+2400", "2026-W48-1T07:59:59Z", "2026-327T07:59:59Z",
    "2026-11-23T07:59:59+1", "2026-11-23T07:59:59 +01:00", "2026-11-23T07:59:59UTC",
]  # fmt: skip
EXAMPLES: list[tuple[bytes | None, str]] = [
    *[(value, "malformed_json") for value in MALFORMED],
    (b"{}", "missing_field"),
    (event(customer_id=...), "missing_field"),
    (event(heart_rate=...), "missing_field"),
    (event(timestamp=...), "missing_field"),
    (event(customer_id=None), "bad_customer_id"),
    (event(customer_id=5), "bad_customer_id"),
    (event(customer_id=CUSTOMER[:-1]), "bad_customer_id"),
    (event(customer_id=CUSTOMER.replace("-", "")), "bad_customer_id"),
    (event(customer_id="{" + CUSTOMER + "}"), "bad_customer_id"),
    (event(customer_id=CUSTOMER[:-1] + "g"), "bad_customer_id"),
    (event(customer_id=CUSTOMER[:8] + "e" + CUSTOMER[9:]), "bad_customer_id"),
    (event(heart_rate=None), "bad_heart_rate"),
    (event(heart_rate="72"), "bad_heart_rate"),
    (event(heart_rate=True), "bad_heart_rate"),
    (event(heart_rate=72.5), "bad_heart_rate"),
    (event().replace(b"72", b"7.25e1"), "bad_heart_rate"),
    (event().replace(b"72", b"72.00000000000000000001"), "bad_heart_rate"),
    (event().replace(b"72", b"1e-400"), "bad_heart_rate"),
    (event().replace(b"72", b"72."), "malformed_json"),
    (event().replace(b"72", b"7,2e1"), "malformed_json"),
    (event(heart_rate=float("nan")), "bad_heart_rate"),
    (event(heart_rate=[72]), "bad_heart_rate"),
    (event(heart_rate=29), "heart_rate_out_of_range"),
    (event(heart_rate=221), "heart_rate_out_of_range"),
    (event(heart_rate=-72), "heart_rate_out_of_range"),
    (event(heart_rate=0), "heart_rate_out_of_range"),
    (event(heart_rate=2**31), "heart_rate_out_of_range"),
    (event(heart_rate=2**63), "heart_rate_out_of_range"),
    (event(heart_rate=10**4000), "heart_rate_out_of_range"),
    (event().replace(b"72", b"1" + b"0" * 9000), "heart_rate_out_of_range"),
    (event().replace(b"72", b"29.0"), "heart_rate_out_of_range"),
    (event().replace(b"72", b"-0.0"), "heart_rate_out_of_range"),
    (event().replace(b"72", b"2.21e2"), "heart_rate_out_of_range"),
    (event().replace(b"72", b"1e400"), "heart_rate_out_of_range"),
    (event().replace(b"72", b"1e" + b"9" * 40), "heart_rate_out_of_range"),
    (event().replace(b"72", b"1" + b"0" * 9000 + b".0"), "heart_rate_out_of_range"),
    (event(timestamp=None), "bad_timestamp"),
    (event(timestamp=1763884800), "bad_timestamp"),
    (event(timestamp=""), "bad_timestamp"),
    (event(timestamp="2026-11-23"), "bad_timestamp"),
    (event(timestamp="2026-11-23T07"), "bad_timestamp"),
    (event(timestamp="2026-11-23T07-01:00"), "bad_timestamp"),
    (event(timestamp="2026-02-30T07:00:00Z"), "bad_timestamp"),
    (event(timestamp="2026-11-23T24:00:00Z"), "bad_timestamp"),
    (event(timestamp="2026-11-23T07:59:60Z"), "bad_timestamp"),
    (event(timestamp="2026-11-23T07:59:59+24:00"), "bad_timestamp"),
    (event(timestamp="0000-01-01T00:00:00Z"), "bad_timestamp"),
    (event(timestamp=" 2026-11-23T07:59:59Z"), "bad_timestamp"),
    *[(event(timestamp=text), "bad_timestamp") for text in REFUSED_INSTANTS],
    (event(timestamp="2026-11-23T08:05:00.001Z"), "future_event_time"),
    (event(timestamp="9999-12-31T23:59:59Z"), "future_event_time"),
    (event(timestamp="2016-04-12T00:00:00Z"), "expired_event_time"),
    (event(timestamp="0001-01-01T00:00:00Z"), "expired_event_time"),
]
# Comma or point, any number of digits up to nine, the basic form, minutes alone; the zone in either form.
READ_INSTANTS = [
    "2026-11-23T07:59:59,25Z", "2026-11-23T08:59:59,250+01:00", "2026-11-23T07:59:59,123456",
    "2026-11-23T07:59:59.1234567Z", "2026-11-23T07:59:59.123456789", "2026-11-23T08:59:59.12345678+01:00",
    "2026-11-23T07:59:59,123456789Z", "20261123T075959Z", "20261123T075959", "20261123t075959.123z",
    "20261123T075959,123Z", "20261123T085959.123+0100", "20261123T085959.123456789+01:00", "20261123T065959-01",
    "20261123T0759", "20261123T0759Z", "20261123T0859+0100", "2026-11-23T07:59Z", "2026-11-23T08:59+01:00",
    "2026-11-23 07:59:59,5Z",
]  # fmt: skip
ACCEPTED = [
    event(),
    event(customer_id=CUSTOMER.upper()),
    event(heart_rate=30),
    event(heart_rate=220),
    event(note="an unknown field", nested={"a": [1, {"b": 2}]}),
    event(pad="x" * 900_000),
    event(timestamp="2026-11-23T07:59:59"),
    event(timestamp="2026-11-23 07:59:59"),
    event(timestamp="2026-11-23T07:59"),
    event(timestamp="2026-11-23T08:59:59+01:00"),
    event(timestamp="2026-11-23T08:59:59+0100"),
    event(timestamp="2026-11-23T06:59:59-01"),
    event(timestamp="2026-11-23t07:59:59.123456789z"),
    *[event(timestamp=text) for text in READ_INSTANTS],
    *[event().replace(b"72", number) for number in (b"72.0", b"72.000", b"7.2e1", b"7.2E+1", b"720e-1")],
    event().replace(b"72", b"72." + b"0" * 9000),
    event(timestamp="2026-11-23T08:05:00Z"),
    event(timestamp="2026-08-25T08:00:00Z"),
    b" \t" + event() + b"\r\n",
    event().replace(b"heart_rate", b"heart\\u005frate"),
]


@pytest.mark.parametrize(("value", "reason"), EXAMPLES)
def test_a_bad_record_is_rejected_for_its_reason_alone_and_among_good_ones(
    value: bytes | None, reason: str
) -> None:
    alone = judged([value])
    among = judged([event(), value, event(heart_rate=80)])
    among_many = judged([*[event()] * MANY, value, event(heart_rate=80)])

    assert outcomes(alone) == [reason]
    assert outcomes(among) == [*expected([event()]), reason, *expected([event(heart_rate=80)])]
    assert outcomes(among_many) == [*expected([event()]) * MANY, reason, *expected([event(heart_rate=80)])]
    assert expected([value]) == [reason]


@pytest.mark.parametrize("value", ACCEPTED)
def test_a_good_record_is_accepted_alone_and_among_bad_ones(value: bytes) -> None:
    among = judged([b"{", value, b""])
    among_many = judged([*[event()] * MANY, value, event(heart_rate=29)])

    assert outcomes(among_many) == [
        *expected([event()]) * MANY,
        *expected([value]),
        "heart_rate_out_of_range",
    ]
    assert outcomes(judged([value])) == expected([value])
    assert outcomes(among) == ["malformed_json", *expected([value]), "malformed_json"]
    assert expected([value])[0][0] == "accepted"


def test_each_reason_that_a_rule_gives_has_an_example() -> None:
    assert {reason for _, reason in EXAMPLES} == set(Reason) - {
        Reason.CONFLICTING_READING,  # known to the database alone
        Reason.UNPROCESSABLE,  # what no rule foresaw
    }


def test_a_record_without_a_kafka_timestamp_is_rejected() -> None:
    assert outcomes(judged([event(), event()], [NO_TIME, NO_TIME])) == ["bad_timestamp"] * 2
    many = [RECORD_TIME_US] * 60 + [NO_TIME]
    assert outcomes(judged([event()] * 61, many)) == [*expected([event()] * 60), "bad_timestamp"]


# In milliseconds: the last before the year 9999, the edges, and what was taken for milliseconds but was not.
LAST_MS = 253_370_764_799_999
UNUSABLE_MS = [-1, LAST_MS + 1, RECORD_TIME_US, RECORD_TIME_US * 1000, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("time_ms", UNUSABLE_MS)
@pytest.mark.parametrize("count", [1, 60])
def test_a_record_whose_own_timestamp_cannot_be_used_is_rejected_and_says_so(
    time_ms: int, count: int
) -> None:
    values: list[bytes | None] = [event(), b"{", event(timestamp="9999-01-01T00:00:00Z")] * count
    times_us = record_times_us([time_ms] * len(values)).tolist()

    verdict = judged(values, times_us)

    assert outcomes(verdict) == ["bad_timestamp", "malformed_json", "bad_timestamp"] * count
    rejection = verdict.rejections[0]
    assert (rejection.reason, rejection.detail) == (Reason.BAD_TIMESTAMP, UNUSABLE_RECORD_TIME)
    assert judge_record(event(), None, BOUNDS) == verdict.rejections[0]


@pytest.mark.parametrize(
    ("time_ms", "at"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (LAST_MS, "9998-12-31T23:59:59Z"),
        (LAST_MS, "9999-01-01T00:04:59Z"),
    ],
)
def test_the_first_and_the_last_usable_times_are_judged_by(time_ms: int, at: str) -> None:
    values: list[bytes | None] = [event(timestamp=at)] * 60
    times_us = record_times_us([time_ms] * 60).tolist()

    assert outcomes(judged(values, times_us)) == expected(values, times_us)
    assert expected(values, times_us)[0][0] == "accepted"  # type: ignore[index]


WHOSE = uuid.UUID(CUSTOMER).bytes
AT_US = RECORD_TIME_US - 750_000


@pytest.mark.parametrize("count", [1, 60])
@pytest.mark.parametrize(
    ("fields", "whose", "at_us"),
    [
        ({"heart_rate": 0}, WHOSE, AT_US),
        ({"heart_rate": 72.5}, WHOSE, AT_US),
        ({"timestamp": "2039-01-01T00:00:00Z"}, WHOSE, 2_177_452_800_000_000),
        ({"timestamp": "1970-01-01T00:00:00Z"}, WHOSE, 0),
        ({"timestamp": "1969-12-31T23:59:59Z"}, WHOSE, None),
        ({"timestamp": "9999-01-01T00:00:00Z"}, WHOSE, None),
        ({"timestamp": "yesterday", "heart_rate": 0}, WHOSE, None),
        ({"customer_id": "somebody"}, None, AT_US),
        ({"customer_id": ["a"], "timestamp": 5}, None, None),
    ],
)
def test_a_rejection_tells_whose_the_record_was_and_of_when_as_far_as_it_says_so(
    fields: dict[str, object], whose: bytes | None, at_us: int | None, count: int
) -> None:
    verdict = judged([event(**fields)] * count)

    assert {(one.customer_id, one.event_time_us) for one in verdict.rejections.values()} == {(whose, at_us)}
    assert len(verdict.rejections) == count
    assert WHOSE.hex() not in repr(verdict.rejections)


@pytest.mark.parametrize("missing", ["heart_rate", "customer_id", "timestamp"])
def test_a_record_that_lacks_a_field_tells_what_the_others_say(missing: str) -> None:
    [rejection] = judged([event(**{missing: ...})]).rejections.values()

    assert rejection.customer_id == (None if missing == "customer_id" else WHOSE)
    assert rejection.event_time_us == (None if missing == "timestamp" else AT_US)


@pytest.mark.parametrize(
    "value",
    [None, b"", b"{", b"[1]", b'{"customer_id": "a", "customer_id": "b"}', b"\xff", b"[" * 100],
)
def test_what_is_no_event_names_nobody(value: bytes | None) -> None:
    [rejection] = judged([value]).rejections.values()

    assert (rejection.customer_id, rejection.event_time_us) == (None, None)


def test_an_empty_batch_gives_nothing() -> None:
    verdict = judged([])

    assert (len(verdict.readings), verdict.rejections) == (0, {})


def test_no_detail_repeats_the_content_of_a_record() -> None:
    secret = "1234567"
    values = [
        event(customer_id=secret),
        event(heart_rate=secret),
        event(timestamp=secret),
        secret.encode() * 2 + b"x",
    ]

    details = [rejection.detail for rejection in judged(values).rejections.values()]

    assert len(details) == 4
    assert not any(secret in detail for detail in details)


# --- both ways agree over anything ---------------------------------------------------------------------------------

timestamps = st.one_of(
    st.timedeltas(timedelta(hours=-1), timedelta(hours=1)).map(
        lambda off: f"{(RECORD_TIME + off).replace(tzinfo=None).isoformat()}Z"
    ),
    st.datetimes().map(datetime.isoformat),
    st.from_regex(reference.INSTANT, fullmatch=True),
    st.text(max_size=30),
)
customers = st.one_of(st.uuids().map(str), st.uuids().map(lambda it: str(it).upper()), st.text(max_size=40))
rates = st.one_of(
    st.integers(25, 225),
    st.integers(25, 225).map(float),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=5),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
events = st.fixed_dictionaries(
    {},
    optional={
        "customer_id": customers | anything,
        "heart_rate": rates | anything,
        "timestamp": timestamps | anything,
        "extra": anything,
    },
)
good_events = st.fixed_dictionaries(
    {
        "customer_id": st.uuids().map(str),
        "heart_rate": st.integers(30, 220),
        "timestamp": st.sampled_from(
            ["2026-11-23T07:59:59Z", "2026-11-23T07:59:59.123", "2026-11-23T07:59:59+00:30"]
        ),
    }
)
# Good but for a value that may lie past an edge.
near_events = st.fixed_dictionaries(
    {
        "customer_id": customers,
        "heart_rate": st.integers(28, 32) | st.integers(218, 222),
        "timestamp": st.sampled_from(
            [
                "2026-11-23T08:05:00Z",
                "2026-11-23T08:05:00.000001Z",
                "2026-08-25T08:00:00Z",
                "2026-08-25T07:59:59.999999",
            ]
        ),
    }
)
layouts = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}])


def dumped(fields: object, layout: dict[str, object]) -> bytes:
    return json.dumps(fields, **layout).encode("utf-8", "surrogatepass")  # type: ignore[arg-type]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good event with a few bytes replaced, removed or put in."""
    value = bytearray(dumped(draw(good_events), draw(layouts)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(value)))
        value[at : at + draw(st.integers(0, 2))] = draw(
            st.binary(max_size=2) | st.sampled_from([b"\n", b"{", b"}", b'"'])
        )
    return bytes(value)


records = st.one_of(
    st.builds(dumped, good_events, layouts),
    st.builds(dumped, near_events, layouts),
    st.builds(dumped, events, layouts),
    damaged(),
    st.binary(max_size=60),
    st.none(),
)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, max_size=12))
def test_validate_agrees_with_the_plain_rules_over_any_bytes(values: list[bytes | None]) -> None:
    assert outcomes(judged(values)) == expected(values)


FILLING = [
    event(customer_id=str(uuid.UUID(int=number)), heart_rate=30 + number, extra="é") for number in range(MANY)
]


def test_many_good_records_go_by_columns() -> None:
    columns = parse_events(FILLING)

    assert columns is not None
    assert columns.has_customer_id.all()
    assert columns.has_event_time.all()


@pytest.mark.parametrize("text", READ_INSTANTS)
def test_a_rare_form_of_time_leaves_its_neighbours_to_the_columns(text: str) -> None:
    columns = parse_events([*FILLING, event(timestamp=text)])

    assert columns is not None
    assert columns.has_event_time[:-1].all()


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, max_size=6), st.integers(0, MANY))
def test_many_records_agree_with_the_plain_rules_too(values: list[bytes | None], at: int) -> None:
    many = [*FILLING[:at], *values, *FILLING[at:]]

    assert outcomes(judged(many)) == expected(many)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, min_size=1, max_size=4), st.integers(0, MANY), st.integers(0, MANY))
def test_outcomes_of_many_do_not_depend_on_where_they_are_cut(
    values: list[bytes | None], at: int, cut: int
) -> None:
    many = [*FILLING[:at], *values, *FILLING[at:]]

    assert outcomes(judged(many)) == outcomes(judged(many[:cut])) + outcomes(judged(many[cut:]))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.builds(dumped, good_events, layouts), min_size=1, max_size=8), st.data())
def test_one_damaged_record_does_not_touch_its_neighbours(values: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(values)))
    values.insert(at, data.draw(damaged()))

    assert outcomes(judged(values)) == expected(values)  # type: ignore[arg-type]


@given(st.lists(records, max_size=8), st.lists(records, max_size=8))
def test_outcomes_do_not_depend_on_where_a_batch_is_cut(
    head: list[bytes | None], tail: list[bytes | None]
) -> None:
    whole = outcomes(judged(head + tail))

    assert whole == outcomes(judged(head)) + outcomes(judged(tail))


def test_a_large_batch_with_few_bad_records_keeps_rows_and_order() -> None:
    values: list[bytes | None] = [event(customer_id=str(uuid.UUID(int=number))) for number in range(3000)]
    values[700], values[2999] = b"{bad", event(heart_rate=999)

    verdict = judged(values)

    assert outcomes(verdict) == expected(values)
