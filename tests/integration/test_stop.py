"""A launch is asked to stop, and found alive or ended, however slowly it shows that it lives."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.db.connect import Role, connect
from include.errors import StreamRunningError
from include.settings import Settings
from include.stream import run
from include.stream.lease import FIRST_TURN, read_lease, renew_lease
from include.stream.run import stop_stream
from include.stream.types import Lease
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration

# Longer than what four renewals take, and shorter than what a launch may be silent for.
SLOW_SECONDS = 6.0


class SlowLaunch(threading.Thread):
    """Renews its lease now and then until it is asked to stop, then works on for as long before it ends."""

    def __init__(self, settings: Settings, epoch: int) -> None:
        super().__init__(daemon=True)
        self._settings = settings
        self._epoch = epoch
        self.ended_at: float | None = None
        self.may_end = threading.Event()

    def run(self) -> None:
        with connect(self._settings, Role.STREAM, autocommit=True) as connection:
            is_asked = False
            while not is_asked and not self.may_end.wait(SLOW_SECONDS):
                is_asked = renew_lease(connection, self._epoch, FIRST_TURN)
            self.may_end.wait(SLOW_SECONDS)
            self.ended_at = time.monotonic()


@contextmanager
def slow_launch(settings: Settings) -> Iterator[SlowLaunch]:
    launch = SlowLaunch(settings, InlineStream(settings).epoch)
    launch.start()
    try:
        yield launch
    finally:
        launch.may_end.set()
        launch.join()


def lease_of(settings: Settings) -> Lease:
    with connect(settings, Role.STREAM, autocommit=True) as connection:
        lease = read_lease(connection)
    assert lease is not None
    return lease


def test_a_launch_that_is_slow_to_renew_its_lease_is_stopped_and_not_told_as_such_before(
    pipeline: Pipeline,
) -> None:
    with slow_launch(pipeline.settings) as launch:
        assert stop_stream(pipeline.settings) is True
        stopped_at = time.monotonic()
        assert launch.ended_at is not None
        assert launch.ended_at <= stopped_at


def test_no_second_launch_begins_beside_one_that_is_slow_to_renew_its_lease(pipeline: Pipeline) -> None:
    with slow_launch(pipeline.settings), pytest.raises(StreamRunningError, match=r"launch 1, elsewhere:1"):
        run.require_none_running(pipeline.settings)


def test_a_launch_that_had_ended_before_was_not_stopped_on_request(pipeline: Pipeline) -> None:
    InlineStream(pipeline.settings)

    assert stop_stream(pipeline.settings) is False

    assert lease_of(pipeline.settings).stop_requested is False
    run.require_none_running(pipeline.settings)


def test_a_request_that_was_heeded_stays_whoever_asks_again(pipeline: Pipeline) -> None:
    with slow_launch(pipeline.settings):
        assert stop_stream(pipeline.settings) is True

    assert stop_stream(pipeline.settings) is False
    assert lease_of(pipeline.settings).stop_requested is True
