"""PostgreSQL takes the JSON of any headers and gives it back unchanged."""

import pytest

from include.db.connect import Role, connect
from include.domain.headers import from_json, to_json
from include.settings import Settings

pytestmark = pytest.mark.integration
ODD_HEADERS: list[tuple[bytes, bytes | None]] = [
    (b"nul\x00inside", b"\x00"),
    (b"\xff\xfe", None),
    (b"\xed\xa0\x80", b"half a surrogate pair"),
    ('😀 \\u0000 "'.encode(), b""),
    (b"", None),
    *[(b"again", b"%d" % number) for number in range(1000)],
]


def test_odd_headers_survive_the_database(stack: Settings) -> None:
    with connect(stack, Role.OWNER, autocommit=True) as connection:
        [(stored,)] = connection.execute("select %s::jsonb", [to_json(ODD_HEADERS)]).fetchall()

    assert from_json(stored) == ODD_HEADERS
