"""The product's own task at work in a thread, beside the test that meddles with it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from include.db.connect import Role, connect
from include.errors import FencedError
from include.settings import Settings
from include.sink.worker import Worker
from include.stream.lease import FIRST_TURN, renew_lease
from include.stream.types import Launch, Share
from include.turn.task import Turn

END_SECONDS = 180.0


class RunningTurn(threading.Thread):
    """One task in one turn; `error` is what it raised."""

    def __init__(self, worker: Worker, launch: Launch, share: Share) -> None:
        super().__init__(daemon=True)
        self._turn = Turn(worker, launch, share)
        self._worker = worker
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work as a Spark task would."""
        try:
            self._turn.run()
        except Exception as error:
            self.error = error
        finally:
            self._worker.close()

    def seconds_to_end(self) -> float:
        """Wait for the turn's end and return how long that took."""
        began_at = time.monotonic()
        self.join(END_SECONDS)
        assert not self.is_alive(), "the turn goes on and on"
        return time.monotonic() - began_at


@contextmanager
def running_turn(
    settings: Settings, launch: Launch, share: Share | None = None, *, worker: Worker | None = None
) -> Iterator[RunningTurn]:
    """Run a task, by default the only one of the first turn; at the end its turn is over."""
    share = share or Share(turn=FIRST_TURN, index=0, count=1)
    running = RunningTurn(worker or Worker(settings), launch, share)
    running.start()
    try:
        yield running
    finally:
        begin_turn(settings, launch, share.turn + 1)
        running.seconds_to_end()


def begin_turn(settings: Settings, launch: Launch, turn: int) -> None:
    """Begin another turn of a launch, if that is still the newest."""
    with connect(settings, Role.STREAM, autocommit=True) as connection:
        try:
            renew_lease(connection, launch.epoch, turn)
        except FencedError:
            return
