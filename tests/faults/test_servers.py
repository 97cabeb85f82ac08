"""A server is killed, stopped or cut off while readings flow."""

import signal

import pytest

from include.settings import Settings
from stack import run
from tests.faults.conftest import Begin
from tests.support.trials.servers import end, paused, stay_so

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def test_the_broker_is_killed_and_comes_back_after_30_seconds(scenario: Begin, stack: Settings) -> None:
    with scenario(within_seconds=60) as trial:
        trial.prove(end(stack, "kafka", signal.SIGKILL))
        stay_so(seconds=30)
        run.up(stack)
        trial.repaired()


def test_the_broker_stands_still_for_longer_than_any_request_waits(scenario: Begin, stack: Settings) -> None:
    with scenario(within_seconds=60) as trial:
        with paused(stack, "kafka") as proof:
            stay_so(seconds=75)
        trial.prove(proof)
        trial.repaired()


def test_the_database_is_stopped_at_once_and_comes_back(scenario: Begin, stack: Settings) -> None:
    with scenario(within_seconds=120) as trial:
        trial.prove(end(stack, "postgres", signal.SIGQUIT))
        stay_so(seconds=5)
        run.up(stack)
        trial.repaired()
