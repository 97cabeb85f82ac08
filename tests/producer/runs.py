"""Runs of the simulator for the tests to begin, disturb and end."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from include.broker.topic import open_broker
from include.settings import PROJECT_ROOT, Settings, environment_of
from producer.instants import now_ms
from producer.job import Reporter
from producer.options import SimulatorOptions
from producer.run import run_simulator
from producer.tally import Summary, Tally
from tests.support.waiting import wait_until


def past(readings: int, **changes: object) -> SimulatorOptions:
    """Ask for that many readings of a hundred customers, up to a minute ago, as fast as possible."""
    start_ms = now_ms() - 60_000 - readings * 10
    return SimulatorOptions(customers=100, start_ms=start_ms, readings_limit=readings, **changes)  # type: ignore[arg-type]


class Watcher(Reporter):
    """Remembers what a run reports."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.most_pending = 0
        self.longest_wait_seconds = 0.0

    def update(self, tally: Tally) -> None:
        self.tally = tally

    def waiting(self, seconds: float, pending: int) -> None:
        self.most_pending = max(self.most_pending, pending)
        self.longest_wait_seconds = max(self.longest_wait_seconds, seconds)


class Run:
    """A simulator that runs in a thread of its own."""

    def __init__(self, options: SimulatorOptions, settings: Settings) -> None:
        self.watcher = Watcher()
        self.stop = threading.Event()
        self.summary: Summary | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(options, settings))
        self._thread.start()

    def finish(self, timeout_seconds: float = 180) -> Summary:
        """Wait for its end and return the summary."""
        self._thread.join(timeout_seconds)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        assert self.summary is not None
        return self.summary

    def _run(self, options: SimulatorOptions, settings: Settings) -> None:
        try:
            self.summary = run_simulator(options, settings, stop=self.stop, reporter=self.watcher)
        except Exception as error:
            self.error = error


@contextmanager
def running(options: SimulatorOptions, settings: Settings) -> Iterator[Run]:
    """Give a simulator that has begun to send; it is stopped at the end of the `with` block."""
    started = Run(options, settings)
    try:
        wait_until(lambda: started.watcher.tally.acknowledged, lambda count: count > 0)
        yield started
    finally:
        started.stop.set()


@contextmanager
def command(settings: Settings, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Give the command line as it runs in a process of its own; it is killed if it does not end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "producer", *words],
        cwd=PROJECT_ROOT,
        env=environment_of(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def stored_count(settings: Settings) -> int:
    """Return how many records the topic holds."""
    with open_broker(settings) as broker:
        return sum(found.end for found in broker.ranges(broker.topic(settings.kafka.topic)).values())
