"""What is told about the lease before a launch, and how long one waits that cannot succeed."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from include.errors import PermanentError, TransientError
from include.settings import Settings
from include.stream.backoff import LONGEST_WAIT_SECONDS
from include.stream.preflight import check_launch, describe
from include.stream.types import Lease
from stack.ports import free_port

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


def test_each_of_several_preflights_that_fail_for_good_costs_the_longest_wait(tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("no certificate")
    settings = Settings(
        kafka_broker=f"127.0.0.1:{free_port()}",
        kafka_security_protocol="SSL",
        kafka_ssl_ca_file=authority,
    )
    waits: list[float] = []

    for _ in range(3):
        with pytest.raises(PermanentError):
            check_launch(settings, None, pause=waits.append)

    assert waits == [LONGEST_WAIT_SECONDS] * 3


def test_what_another_try_may_mend_fails_at_once_since_airflow_waits_before_it() -> None:
    waits: list[float] = []

    with pytest.raises(TransientError):
        check_launch(Settings(kafka_broker=f"127.0.0.1:{free_port()}"), None, pause=waits.append)

    assert waits == []
