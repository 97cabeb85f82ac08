"""What fails for good costs the longest wait, and what another try may mend costs nothing."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.errors import HeartbeatError, PermanentError, SettingsError, TransientError
from include.settings import Settings
from include.stream import slow_failure
from include.stream.backoff import LONGEST_WAIT_SECONDS
from include.stream.preflight import check_launch
from include.stream.slow_failure import failing_slowly
from stack.ports import free_port


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give what would have been waited for."""
    waited: list[float] = []
    monkeypatch.setattr(slow_failure, "time", SimpleNamespace(sleep=waited.append))
    return waited


def test_each_of_several_preflights_that_fail_for_good_costs_the_longest_wait(
    waits: list[float], tmp_path: Path
) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("no certificate")
    settings = Settings(
        kafka_broker=f"127.0.0.1:{free_port()}",
        kafka_security_protocol="SSL",
        kafka_ssl_ca_file=authority,
    )
    preflight: Callable[..., object] = failing_slowly()(check_launch)

    for _ in range(3):
        with pytest.raises(PermanentError):
            preflight(settings, None)

    assert waits == [LONGEST_WAIT_SECONDS] * 3


@pytest.mark.parametrize(
    ("error", "waited"), [(SettingsError("wrong"), [LONGEST_WAIT_SECONDS]), (TransientError("away"), [])]
)
def test_what_another_try_may_mend_fails_at_once_since_airflow_waits_before_it(
    waits: list[float], error: HeartbeatError, waited: list[float]
) -> None:
    with pytest.raises(HeartbeatError), failing_slowly():
        raise error

    assert waits == waited
