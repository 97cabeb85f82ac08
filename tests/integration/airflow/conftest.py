"""A whole stack with Airflow, and readings that flow."""

from collections.abc import Iterator

import pytest

from stack import run
from stack.isolated import isolated_settings
from tests.support.control_plane import ControlPlane
from tests.support.source import steady_source
from tests.support.waiting import wait_until

# A stopped stream is to be noticed within the patience of a test.
IMPATIENT = {
    "health_stall_seconds": 8.0,
    "health_confirm_seconds": 3.0,
    "health_grace_seconds": 5.0,
    "health_lease_seconds": 8.0,
    # Here launches are killed one after the other, and not because something is wrong.
    "stream_healthy_seconds": 5.0,
    "kafka_partitions": 2,
}


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """Give a whole stack with readings flowing; at the end nothing of it may be left, even if its keeper was killed."""
    with isolated_settings(stack_with_airflow=True, **IMPATIENT) as settings:
        run.up(settings)
        made = ControlPlane(settings)
        with steady_source(made):
            made.wait_flowing()
            yield made
        made.keeper().kill()
        run.down(settings)
        assert [process.cmdline() for process in made.processes()] == []


@pytest.fixture
def flowing(plane: ControlPlane) -> ControlPlane:
    """Give the plane once one launch commits again, whatever the test before has done."""
    wait_until(plane.is_flowing, bool, timeout_seconds=600, interval_seconds=0.25)
    return plane
