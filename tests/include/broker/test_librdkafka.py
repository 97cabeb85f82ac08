"""What librdkafka tells of headers, and what it cannot."""

from ctypes import c_char_p, c_size_t, c_ssize_t, c_void_p

import pytest

from include.broker.librdkafka import headers_in, library

Pairs = list[tuple[bytes, bytes | None]]


def laid_out(headers: Pairs) -> c_void_p:
    """Make a list of headers as librdkafka makes it of a record; it is not freed."""
    make, add = library().rd_kafka_headers_new, library().rd_kafka_header_add
    make.restype, make.argtypes = c_void_p, (c_size_t,)
    add.argtypes = (c_void_p, c_char_p, c_ssize_t, c_char_p, c_ssize_t)
    made = c_void_p(make(len(headers)))
    for name, value in headers:
        add(made, name, len(name), value, -1 if value is None else len(value))
    return made


def test_names_with_nothing_behind_them_but_their_value_are_whole() -> None:
    headers: Pairs = [(b"a", b"x"), (b"", b""), (b"\xff", b"nul\0inside"), ("😀".encode(), b"x" * 1000)]

    assert headers_in(laid_out(headers)) == (headers, True)


@pytest.mark.parametrize("name", [b"nul\0inside", b"\0", b"nul\0", b"two\0\0"])
def test_a_name_that_was_cut_off_at_a_nul_is_in_doubt(name: bytes) -> None:
    found, are_whole = headers_in(laid_out([(b"a", b"x"), (name, b""), (b"b", b"y")]))

    assert found == [(b"a", b"x"), (name.split(b"\0")[0], b""), (b"b", b"y")]
    assert not are_whole


def test_a_name_without_a_value_is_in_doubt() -> None:
    assert headers_in(laid_out([(b"a", None)])) == ([(b"a", None)], False)
