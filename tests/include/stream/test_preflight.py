"""What is told about the lease before a launch."""

from datetime import datetime, timedelta

from include.stream.preflight import describe
from include.stream.types import Lease

NOW = datetime(2026, 1, 31, 14, 0)  # noqa: DTZ001 - the database's clock, UTC without a zone


def lease(silent_seconds: float) -> Lease:
    return Lease(
        epoch=7,
        holder="host:42",
        started_at=NOW - timedelta(hours=1),
        renewed_at=NOW - timedelta(seconds=silent_seconds),
        stop_requested=False,
    )


def test_nobody_has_run_yet() -> None:
    assert describe(None, NOW) == "never taken"


def test_a_launch_that_still_renews_is_told_as_alive() -> None:
    assert describe(lease(2), NOW) == "launch 7 (host:42) is alive and will be superseded"


def test_a_launch_that_is_gone_is_told_with_its_silence() -> None:
    assert describe(lease(90), NOW) == "launch 7 (host:42) was last heard of 90 s ago"
