"""Headers kept as JSON come back as they were, whatever bytes they are made of."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from include.domain.headers import from_json, to_json

names = st.binary(max_size=20) | st.text(max_size=8).map(str.encode)
headers = st.lists(st.tuples(names, st.none() | st.binary(max_size=20)), max_size=12)


@given(headers)
@example([(b"\x00", None), (b"\xed\xa0\x80", b""), (b"", b"\x00"), (b"a", b"1"), (b"a", None), (b"a", b"1")])
@example([(b"n%d" % number, bytes([number % 256])) for number in range(1000)])
def test_any_headers_come_back_as_they_were(given_headers: list[tuple[bytes, bytes | None]]) -> None:
    text = to_json(given_headers)

    assert from_json(json.loads(text) if text is not None else []) == given_headers


def test_no_headers_are_none() -> None:
    assert to_json([]) is None


def test_a_plain_name_stays_readable() -> None:
    text = to_json([("naïve".encode(), b"\xff"), (b"trace", None)])

    assert json.loads(text or "") == [{"key": "naïve", "value": "/w=="}, {"key": "trace", "value": None}]


@pytest.mark.parametrize("name", [b"\x00", b"a\x00b", b"\xff", b"\xed\xa0\x80", b"\xc0\x80"])
def test_a_name_that_is_no_text_for_postgresql_is_kept_in_base64(name: bytes) -> None:
    [entry] = json.loads(to_json([(name, b"")]) or "")

    assert set(entry) == {"key_base64", "value"}


def test_what_spark_left_behind_is_read_too() -> None:
    stored = [{"key": "a"}, {"value": "/w=="}, {}, {"key": "b", "value": ""}]

    assert from_json(stored) == [(b"a", None), (b"", b"\xff"), (b"", None), (b"b", b"")]
