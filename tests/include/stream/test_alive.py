"""How the stream is, as its lease tells it."""

from datetime import datetime, timedelta

import pytest

from include.stream.alive import state_of
from include.stream.types import Lease

NOW = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - the columns are UTC without a zone


@pytest.mark.parametrize(
    ("silence_seconds", "is_stopping", "is_fenced", "state"),
    [
        (1, False, False, "running"),
        (1, True, False, "stopping"),
        (600, False, False, "silent"),
        (600, False, True, "fenced"),
    ],
)
def test_the_lease_tells_how_the_stream_is(
    silence_seconds: int, is_stopping: bool, is_fenced: bool, state: str
) -> None:
    renewed_at = NOW - timedelta(seconds=silence_seconds)
    lease = Lease(1, "host:1", NOW, renewed_at, is_stopping, NOW if is_fenced else None)

    assert state_of(lease, NOW) == state


def test_a_stream_that_never_ran_says_so() -> None:
    assert state_of(None, NOW) == "never"
