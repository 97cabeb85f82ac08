"""Whatever of the control plane is killed or stands still: one stream goes on, and it is told."""

import signal
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from include.errors import AirflowUnavailableError
from tests.support.control_plane import ControlPlane, longest_silence
from tests.support.stack import is_gone
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(1800)]

# A second or two on a quiet machine; on a busy one the tasks themselves wait their turn.
LONGEST_PAUSE_SECONDS = 30.0


@pytest.mark.fault
def test_a_killed_jvm_is_followed_by_the_next_launch(flowing: ControlPlane) -> None:
    epoch, [jvm] = flowing.epoch(), flowing.jvms()

    jvm.kill()

    seconds = flowing.wait_flowing(after_epoch=epoch)
    print(f"readings flowed again after {seconds:.0f} s")  # noqa: T201 - shown with -rP
    assert flowing.state_of_health() == "success"


@pytest.mark.fault
def test_an_orphaned_driver_goes_on_until_its_successor_fences_it(flowing: ControlPlane) -> None:
    fences_the_orphan_of(flowing, lambda jvm: jvm.parents()[0])


@pytest.mark.fault
def test_a_killed_scheduler_is_started_again_and_readings_flow_all_the_while(flowing: ControlPlane) -> None:
    epoch = flowing.epoch()

    with longest_silence(flowing) as silence:
        flowing.component("scheduler").kill()
        seconds = flowing.wait_flowing(after_epoch=epoch)

    print(f"one stream again after {seconds:.0f} s, longest silence {silence[0]:.1f} s")  # noqa: T201
    assert silence[0] < LONGEST_PAUSE_SECONDS


@pytest.mark.fault
def test_a_killed_worker_is_followed_by_one_stream(flowing: ControlPlane) -> None:
    fences_the_orphan_of(flowing, lambda jvm: jvm.parents()[1])


def fences_the_orphan_of(plane: ControlPlane, ancestor: Callable[[psutil.Process], psutil.Process]) -> None:
    """Kill one of those that the stream's driver descends from."""
    epoch, [jvm] = plane.epoch(), plane.jvms()

    with longest_silence(plane) as silence:
        ancestor(jvm).kill()
        seconds = plane.wait_flowing(after_epoch=epoch)

    print(f"one stream again after {seconds:.0f} s, longest silence {silence[0]:.1f} s")  # noqa: T201
    wait_until(lambda: is_gone(jvm), bool)
    assert silence[0] < LONGEST_PAUSE_SECONDS
    assert plane.state_of_health() == "success"


@pytest.mark.fault
@pytest.mark.parametrize("name", ["api-server", "dag-processor", "triggerer"])
def test_another_part_that_is_killed_is_started_again_and_the_stream_goes_on(
    flowing: ControlPlane, name: str
) -> None:
    epoch, before = flowing.epoch(), flowing.component(name)

    with longest_silence(flowing) as silence:
        before.kill()
        wait_until(lambda: flowing.component_pids(name) - {before.pid}, bool)
        wait_until(lambda: answers(flowing), bool)
        assert flowing.state_of_health() == "success"

    assert (flowing.epoch(), flowing.import_errors()) == (epoch, [])
    assert silence[0] < LONGEST_PAUSE_SECONDS


def answers(plane: ControlPlane) -> bool:
    """Tell whether the api-server does."""
    with suppress(AirflowUnavailableError):
        return bool(plane.api.heartbeats())
    return False


@pytest.mark.fault
def test_a_stalled_stream_is_told_fenced_and_followed_by_another(flowing: ControlPlane) -> None:
    epoch, [jvm] = flowing.epoch(), flowing.jvms()
    failed_before, told_before = failed_checks(flowing), told_as_fenced(flowing)
    for process in flowing.launch_of(jvm):
        process.send_signal(signal.SIGSTOP)

    told = wait_until(
        lambda: (flowing.state_of_health(), told_as_fenced(flowing) - told_before)[1],
        bool,
        timeout_seconds=600,
    )

    assert {status for _, status in told} == {"fail"}
    # It may have been the run of the minute that found it, and ours came when all was well again.
    wait_until(lambda: failed_checks(flowing) - failed_before, bool)
    flowing.wait_flowing(after_epoch=epoch)
    wait_until(lambda: is_gone(jvm), bool)
    assert flowing.state_of_health() == "success"


def failed_checks(plane: ControlPlane) -> set[str]:
    """Return which runs of the checks have failed."""
    return {run["dag_run_id"] for run in plane.api.runs("heartbeat_health") if run["state"] == "failed"}


def told_as_fenced(plane: ControlPlane) -> set[tuple[str, str]]:
    """Return when a check found a stream that stood still and fenced it, and its status."""
    rows = plane.rows(
        "select checked_at::text, status from health_checks where name = 'commit_age' and message like '%was fenced%'"
    )
    return {(str(checked_at), str(status)) for checked_at, status in rows}
