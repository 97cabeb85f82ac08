"""The stream as Airflow keeps it: launched again whenever it ends, and fenced where it stands still."""

import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from include.db.connect import Role, connect
from include.errors import HeartbeatError
from include.health.run import run_checks
from include.settings import Settings
from include.stream.lease import request_stop
from include.stream.preflight import check_launch
from tests.support.background import repeating
from tests.support.pipeline import Pipeline, StreamRun
from tests.support.waiting import wait_until

# As in the workflows, but that the checks come more often: nobody wants to wait for them here.
_RETRY_SECONDS = 5.0
_CHECK_SECONDS = 15.0
_ASK_SECONDS = 1.0


class KeptStream(threading.Thread):
    """One launch after the other, each with the `environment` of that moment; `ended` are the exit codes."""

    def __init__(self, pipeline: Pipeline, environment: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._pipeline, self.environment = pipeline, environment
        self._is_over = threading.Event()
        self._may_run = threading.Event()
        self._may_run.set()
        self.launch: StreamRun | None = None
        self.ended: list[int] = []
        self.logs: list[str] = []
        self._refused = "never"

    def run(self) -> None:
        """Launch until it is over."""
        previous: dict[str, Any] | None = None
        while self._may_run.wait() and not self._is_over.is_set():
            try:
                previous = check_launch(self._pipeline.settings, previous, pause=self._is_over.wait)
            except HeartbeatError as error:
                self._refused = f"at {datetime.now(UTC):%H:%M:%S}: {error}"
                self._is_over.wait(_RETRY_SECONDS)
                continue
            with self._pipeline.running(environment=self.environment) as self.launch:
                self.ended.append(self.launch.wait_long())
                self.logs.append(self.launch.log())

    def running(self) -> StreamRun:
        """Return the launch that runs."""
        assert self.launch is not None, "nothing was launched yet"
        return self.launch

    def whereabouts(self) -> str:
        """Return where it stands at this moment, for who wonders why no launch comes."""
        frame = sys._current_frames().get(self.ident or 0)
        place = "has ended" if frame is None else "".join(traceback.format_stack(frame)[-6:])
        return f"{place}\nLast launch that was refused: {self._refused}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no launch run for the length of a `with` block, as an operator who pauses the workflow."""
        self._may_run.clear()
        before = len(self.ended)
        wait_until(self._ended_when_asked, lambda count: count > before, interval_seconds=_ASK_SECONDS)
        try:
            yield
        finally:
            self._may_run.set()

    def stop(self) -> None:
        """Let the running launch end its turn, and launch no other."""
        self._is_over.set()
        while self.is_alive():
            self._ended_when_asked()
            self.join(_ASK_SECONDS)

    def give_up(self) -> None:
        """End at once, whatever runs."""
        self._is_over.set()
        self._may_run.set()
        if self.launch is not None:
            self.launch.kill_all()
        self.join()

    def _ended_when_asked(self) -> int:
        """Ask the launch to stop, and return how many have ended: it takes no notice before it has its lease."""
        with (
            suppress(HeartbeatError),
            connect(self._pipeline.settings, Role.STREAM, autocommit=True) as connection,
        ):
            request_stop(connection)
        return len(self.ended)


@contextmanager
def kept_stream(pipeline: Pipeline, environment: dict[str, str]) -> Iterator[KeptStream]:
    """Keep the stream running for the length of a `with` block, and look after it as the checks do."""
    stream = KeptStream(pipeline, environment)
    with repeating(lambda: _check(pipeline.settings), every_seconds=_CHECK_SECONDS):
        stream.start()
        try:
            yield stream
        except BaseException as error:
            error.add_note(f"Whoever keeps the stream: {stream.whereabouts()}")
            stream.give_up()
            raise
        stream.stop()


def _check(settings: Settings) -> None:
    with suppress(HeartbeatError), redirect_stdout(StringIO()):
        run_checks(settings)
