"""A minute of the storm; `make storm` has the long ones."""

import pytest

from include.settings import Settings
from tests.storm.kinds import KINDS
from tests.storm.plan import draw
from tests.storm.run import run_storm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

# A worker killed, late readings, letters replayed, a partition added, the database stopped.
SEED = 177


def test_a_minute_of_the_storm(stack: Settings) -> None:
    outcome = run_storm(stack, draw(SEED, 1, KINDS))

    assert outcome.violation == ""
    assert len(outcome.rows) == 5
