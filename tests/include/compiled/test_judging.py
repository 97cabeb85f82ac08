"""The compiled pass gives each record the outcome of the general path, takes what it should, and reads nothing else."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.compiled import judging
from include.compiled.judging import judge
from include.compiled.program import the_program
from include.domain.judge import TimeBounds
from include.domain.reasons import Reason
from include.domain.record_time import NO_TIME
from include.domain.validation import Times, Verdict, join, validate
from include.settings import PROJECT_ROOT
from tests.include.domain import reference
from tests.include.domain.test_validation import (
    ACCEPTED,
    BOUNDS,
    CUSTOMER,
    EXAMPLES,
    READ_INSTANTS,
    RECORD_TIME_US,
    event,
    records,
)
from tests.support.values_in_place import in_place

# As far as a year has four digits: what a record's fields mean is then all that decides.
WIDE = TimeBounds(300_000_000_000, 300_000_000_000)
ORDINARY = b'{"customer_id":"%b","heart_rate":72,"timestamp":"2026-11-23T07:59:59.250Z"}' % CUSTOMER.encode()


def times(count: int) -> Times:
    return np.full(count, RECORD_TIME_US, dtype=np.int64)


def same(one: Verdict, other: Verdict) -> bool:
    """Tell whether two verdicts are equal to the byte."""
    a, b = one.readings, other.readings
    return one.rejections == other.rejections and all(
        left.tobytes() == right.tobytes() and left.dtype == right.dtype
        for left, right in (
            (a.rows, b.rows),
            (a.customer_id, b.customer_id),
            (a.heart_rate, b.heart_rate),
            (a.event_time_us, b.event_time_us),
        )
    )


def plainly(values: list[bytes | None], own: Times, bounds: TimeBounds) -> Verdict:
    """Judge each record by the plain rules, alone."""
    if not values:
        return validate(values, own, bounds)
    few = [validate([value], own[at : at + 1], bounds) for at, value in enumerate(values)]
    return join(
        [
            Verdict(
                each.readings.at(np.array([at], dtype=np.int32)),
                {at + row: why for row, why in each.rejections.items()},
            )
            for at, each in enumerate(few)
        ]
    )


def agrees(values: list[bytes | None]) -> bool:
    """Tell whether both ways judge alike, as if all times were timely and as the bounds are."""
    own = times(len(values))
    return all(
        same(judge(in_place(values), own, bounds), plainly(values, own, bounds)) for bounds in (BOUNDS, WIDE)
    )


def is_taken(value: bytes) -> bool:
    """Tell whether the compiled pass takes a record, rather than leave it to the plain rules."""
    program = the_program()
    assert program is not None
    readings, left = judging._take(program, in_place([value]), times(1), BOUNDS)
    assert len(readings) + len(left) == 1
    return len(left) == 0


# --- what it takes -------------------------------------------------------------------------------------------------

TAKEN = [
    ORDINARY,
    event(),
    event(customer_id=CUSTOMER.upper()),
    event(heart_rate=30),
    event(heart_rate=220),
    event(heart_rate=72.0),
    event().replace(b"72", b"72.000"),
    event(device="a", battery=0.71, charge=-1.5e-3, is_worn=True, is_new=False, note=None, count=0),
    event(nested={"a": [1, {"b": 2}, [], {}], "c": "[{"}, list=[[[1, 2], [3]], "x"]),
    json.dumps(json.loads(event()), indent=2).encode(),
    json.dumps(dict(reversed(json.loads(event()).items()))).encode(),
    b" \t\r\n" + event() + b" \t\r\n",
    event(note="1").replace(b'"1"', b'"\x7f"'),
    *[event(timestamp=text) for text in READ_INSTANTS],
    *[
        event(timestamp=text)
        for text in ("2026-11-23T07:59:59", "2026-11-23 07:59:59", "2026-11-23T07:59", "2026-11-23T06:59:59-01")
    ],
    event(timestamp="2026-11-23T08:05:00Z"),
    event(timestamp="2026-08-25T08:00:00Z"),
]  # fmt: skip
LEFT = [
    event(heart_rate=72).replace(b"72", b"7.2e1"),
    event(note="é"),
    event().replace(b"heart_rate", b"heart\\u005frate"),
    json.dumps({**json.loads(event()), "note": "é"}, ensure_ascii=False).encode(),
    event(nested={"heart_rate": 72}),
    event(nested=json.loads("[" * 20 + "]" * 20)),
]


@pytest.mark.parametrize("value", TAKEN)
def test_every_form_that_is_not_rare_is_taken(value: bytes) -> None:
    assert is_taken(value)
    assert agrees([value])


@pytest.mark.parametrize("value", LEFT)
def test_a_rare_form_is_left_to_the_plain_rules_and_accepted(value: bytes) -> None:
    assert not is_taken(value)
    assert agrees([value])
    assert len(judge(in_place([value]), times(1), BOUNDS).readings) == 1


def with_field(text: bytes) -> bytes:
    return ORDINARY[:-1] + b"," + text + b"}"


REFUSED = [
    *[
        event(timestamp=f"{day}T00:00:00Z")
        for day in (
            "2100-02-29",
            "1900-02-29",
            "2026-02-29",
            "2026-04-31",
            "2026-00-10",
            "2026-13-01",
            "2026-01-00",
        )
    ],
    with_field(b'"heart_rate":72'),
    with_field(b'"timestamp":"2026-11-23T07:59:59.250Z"'),
    with_field(b'"customer_id":"%b"' % CUSTOMER.encode()),
    with_field(b'"x":"\x01"'),
    with_field(b'"x":"\n"'),
    with_field(b'"\t":1'),
    *[
        with_field(b'"x":' + value)
        for value in (
            *(
                b"01",
                b"-",
                b"1.",
                b".5",
                b"1e",
                b"1e+",
                b"+1",
                b"-01",
                b"0x1",
                b"nul",
                b"True",
                b"fals",
                b"'x'",
                b"",
            ),
            *(
                b"[1,]",
                b"[,1]",
                b"[1}",
                b'{"a":1]',
                b'{"a"}',
                b"{1:2}",
                b'{"a":1,}',
                b"[",
                b'{"a":[}',
                b"[1 2]",
                b"]",
            ),
        )
    ],
    *[
        event().replace(b"72", number)
        for number in (b"072", b"72.", b"72.0.0", b"72 .0", b"7 2", b"+72", b"", b"72a")
    ],
]


@pytest.mark.parametrize("value", REFUSED)
def test_what_json_or_the_calendar_does_not_know_is_not_taken(value: bytes) -> None:
    [rejection] = judge(in_place([value]), times(1), WIDE).rejections.values()

    assert agrees([value])
    assert rejection.reason in (Reason.MALFORMED_JSON, Reason.BAD_TIMESTAMP)


@pytest.mark.parametrize("value", [value for value, _ in EXAMPLES] + ACCEPTED)
def test_each_example_has_the_same_outcome_alone_and_among_others(value: bytes | None) -> None:
    assert agrees([value])
    assert agrees([event(), value, event(heart_rate=80)])
    assert agrees([*[event()] * 60, value, *[event()] * 60])


def test_no_records_give_nothing() -> None:
    verdict = judge(in_place([]), times(0), BOUNDS)

    assert (len(verdict.readings), verdict.rejections) == (0, {})


@pytest.mark.parametrize("time_us", [NO_TIME, 0, 253_370_764_799_999_999, 253_370_764_800_000_000, -5, 2**62])
def test_a_record_is_judged_by_its_own_time(time_us: int) -> None:
    values: list[bytes | None] = [
        event(timestamp=text)
        for text in ("1970-01-01T00:05:00Z", "1970-01-01T00:05:00.000001Z", "9998-12-31T23:59:59Z", "1969-10-03T00:00Z")
    ]  # fmt: skip

    own = np.array([time_us] * 4, dtype=np.int64)
    assert same(judge(in_place(values), own, BOUNDS), plainly(values, own, BOUNDS))


# --- nothing but the value is read ---------------------------------------------------------------------------------


def test_what_lies_around_a_value_is_not_read() -> None:
    for at in range(1, len(ORDINARY)):
        head, tail = ORDINARY[:at], ORDINARY[at:]
        # Cut in two, the halves lie side by side as the whole did.
        verdict = judge(in_place([head, tail]), times(2), BOUNDS)

        assert len(verdict.readings) == 0, at


# Each value ends where a page ends, and the next page can not be read: whoever does is killed.
AT_THE_EDGE = """
import ctypes, mmap, sys
import numpy as np
from include.compiled.judging import judge
from include.compiled.values import ValuesInPlace
from include.domain.judge import TimeBounds
from tests.include.compiled.test_judging import REFUSED, TAKEN

memory = mmap.mmap(-1, 2 * mmap.PAGESIZE)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
nothing = 0
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + mmap.PAGESIZE), mmap.PAGESIZE, nothing) == 0
times = np.full(1, 1795420800000000, dtype=np.int64)
for whole in [*TAKEN, *REFUSED]:
    for length in range(1, len(whole) + 1):
        at = start + mmap.PAGESIZE - length
        ctypes.memmove(at, whole[:length], length)
        values = ValuesInPlace(np.array([at]), np.array([length]), lambda: None)
        judge(values, times, TimeBounds(86400, 300))
print("read to the end")
"""


def test_nothing_behind_a_value_is_touched() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AT_THE_EDGE], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["read to the end"]), ended.stderr


# --- both ways agree over anything ---------------------------------------------------------------------------------

spaces = st.sampled_from([b"", b"", b"", b" ", b"\n", b"\t \r", b"\x0b", b"\0", b"\xc2\xa0"])
numbers = st.one_of(
    st.integers(28, 222).map(lambda number: b"%d" % number),
    st.from_regex(rb"-?[0-9]{1,4}(\.[0-9]{0,3})?([eE][+-]?[0-9]{0,2})?", fullmatch=True),
)
nested = st.recursive(
    st.one_of(
        numbers,
        st.sampled_from(
            [b"true", b"false", b"null", b"nul", b"tru", b"NaN", b"-Infinity", b'""', b'"[{"', b'"\\""']
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: b"[" + b",".join(items) + b"]"),
        st.lists(st.tuples(st.sampled_from([b'"a"', b'"heart_rate"', b'""', b"a"]), inner), max_size=3).map(
            lambda pairs: b"{" + b",".join(name + b":" + value for name, value in pairs) + b"}"
        ),
    ),
    max_leaves=8,
)
instants = st.one_of(
    st.from_regex(reference.INSTANT, fullmatch=True),
    st.sampled_from(READ_INSTANTS),
    st.from_regex(
        r"20(26|24|00)-?(02-?(2[89]|30)|1[0-3]-?3[012])[Tt ]2[34]:?[56]9(:?[56]9)?", fullmatch=True
    ),
)
fields = st.one_of(
    st.tuples(st.just(b'"customer_id"'), st.uuids().map(lambda one: f'"{one}"'.encode())),
    st.tuples(st.just(b'"heart_rate"'), numbers | nested),
    st.tuples(st.just(b'"timestamp"'), instants.map(lambda text: f'"{text}"'.encode())),
    st.tuples(st.sampled_from([b'"x"', b'"heart_ratf"', b'"Timestamp"', b'""', b'"customer_id "']), nested),
)
good_fields = st.tuples(
    st.tuples(st.just(b'"customer_id"'), st.uuids().map(lambda one: f'"{one}"'.encode())),
    st.tuples(st.just(b'"heart_rate"'), numbers),
    st.tuples(st.just(b'"timestamp"'), instants.map(lambda text: f'"{text}"'.encode())),
)  # fmt: skip


@st.composite
def nearly_valid(draw: st.DrawFn) -> bytes:
    """A record as somebody might write it by hand: any order, any spaces, strange numbers, and now and then a slip."""
    parts = [*draw(good_fields), *draw(st.lists(fields, max_size=2))]
    parts = draw(st.permutations(parts))
    written = [draw(spaces) + name + draw(spaces) + b":" + draw(spaces) + value for name, value in parts]
    value = bytearray(draw(spaces) + b"{" + b",".join(written) + draw(spaces) + b"}" + draw(spaces))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(value)))
        value[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(value)


@settings(max_examples=1500, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(nearly_valid(), min_size=1, max_size=4))
def test_the_compiled_pass_agrees_over_records_that_are_nearly_valid(values: list[bytes | None]) -> None:
    assert agrees(values)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records, max_size=12))
def test_the_compiled_pass_agrees_over_any_bytes(values: list[bytes | None]) -> None:
    assert agrees(values)


@settings(max_examples=1000)
@given(instants)
def test_instants_are_read_as_the_plain_rules_read_them(text: str) -> None:
    assert agrees([event(timestamp=text)])
