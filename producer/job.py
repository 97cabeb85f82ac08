"""One process's work: take events from a source at their pace, send them, and keep count and the ground truth."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from include.domain.reasons import Outcome, Reason
from include.errors import BrokerUnavailableError, FileUnusableError
from include.settings import Settings
from producer.episodes import EpisodeBook
from producer.events import Event
from producer.generator import HeartbeatGenerator, SimulationPlan
from producer.pace import Pace
from producer.replay import ReplayPlan, replay_events
from producer.sender import KafkaSender, Stored, require_topic
from producer.tally import GENUINE, Tally
from producer.truth import TimeLimits, expected_outcome
from producer.truth_file import TruthFile

REPORT_SECONDS = 0.5
# How long a run that was asked to stop waits for the broker to acknowledge what is on its way.
_STOP_FLUSH_SECONDS = 30.0
_IDLE_SECONDS = 0.25
_SENDS_PER_LOOK = 256
_TOPIC_CHECK_SECONDS = 10.0
_TOPIC_CHECK_TIMEOUT_MS = 2000


@dataclass(frozen=True, slots=True)
class Job:
    """What one process is to do; `ledger` is a path or None. Where to send it, each process knows from its settings."""

    limits: TimeLimits
    source: SimulationPlan | ReplayPlan
    pace: Pace
    ledger: str | None = None


class Reporter:
    """Who is told how the work goes; this one tells nobody."""

    def update(self, tally: Tally) -> None:
        """Take the counts as they are now."""

    def waiting(self, seconds: float, pending: int) -> None:
        """Take note that for some seconds the broker has acknowledged none of the pending records."""


def run_job(job: Job, settings: Settings, *, stop: threading.Event, reporter: Reporter) -> Tally:
    """Do a job to its end, or until `stop` is set, and return the counts.

    A broker outage is waited out for as long as it takes; after `stop`, for half a minute.
    """
    if job.ledger is None:
        return _Run(job, settings, stop, reporter, None).run()
    with closing(TruthFile(Path(job.ledger))) as truth:
        witness = _Witness(truth, EpisodeBook(settings))
        tally = _Run(job, settings, stop, reporter, witness).run()
        truth.write_episodes(witness.book.lines())
        return tally


@dataclass(frozen=True, slots=True)
class _Witness:
    """Keeps what became of each record, and of which readings the episodes are made."""

    truth: TruthFile
    book: EpisodeBook

    def note(self, event: Event, delivery: Stored, outcome: Outcome, reason: Reason | None) -> None:
        self.truth.write(
            event, partition=delivery.partition, offset=delivery.offset, outcome=outcome, reason=reason
        )
        if outcome is Outcome.ACCEPTED:
            self.book.note(
                event.key or b"",
                event_time_ms=event.event_time_ms,
                heart_rate_bpm=event.heart_rate_bpm,
                record_time_ms=delivery.record_time_ms,
            )


class _Run:
    """The state of one job while it runs."""

    def __init__(
        self,
        job: Job,
        settings: Settings,
        stop: threading.Event,
        reporter: Reporter,
        witness: _Witness | None,
    ) -> None:
        self._job = job
        self._settings = settings
        self._stop = stop
        self._reporter = reporter
        self._witness = witness
        self._tally = Tally()
        self._stopped_at: float | None = None
        self._reported_at = 0.0
        self._topic_checked_at = 0.0
        self._generator: HeartbeatGenerator | None = None
        self._source: Iterator[Event]
        if isinstance(job.source, SimulationPlan):
            self._generator = HeartbeatGenerator(job.source)
            self._source = iter(self._generator)
        else:
            self._source = replay_events(job.source)
        self._sender = KafkaSender(settings, on_done=self._count, on_waiting=self._wait_on_broker)

    def run(self) -> Tally:
        with closing(self._sender):
            try:
                for event in self._events():
                    self._sender.send(event, is_stopped=self._stop.is_set)
                    self._tally.sent += 1
            except FileUnusableError:  # what was read before the bad place is delivered all the same
                self._sender.drain(must_end=self._must_end)
                raise
            self._sender.drain(must_end=self._must_end)
        self._report()
        return self._tally

    def _events(self) -> Iterator[Event]:
        """Yield each event when it has fallen due; end early when stopped."""
        reached_ms = self._job.pace.reached_ms()
        looked_at = 0
        for event in self._source:
            if event.due_ms > reached_ms or self._tally.sent - looked_at >= _SENDS_PER_LOOK:
                self._await_due(event.due_ms)
                reached_ms = self._job.pace.reached_ms()
                looked_at = self._tally.sent
            if self._stop.is_set():
                return
            yield event

    def _await_due(self, due_ms: int) -> None:
        """Wait for an event's time, and meanwhile take in what the broker acknowledged."""
        self._look()
        while (seconds := self._job.pace.seconds_until(due_ms)) > 0 and not self._stop.is_set():
            self._stop.wait(min(seconds, _IDLE_SECONDS))
            self._look()

    def _look(self) -> None:
        self._sender.collect()
        self._report_at_intervals()

    def _report_at_intervals(self) -> None:
        if time.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._report()

    def _report(self) -> None:
        self._reported_at = time.monotonic()
        if self._generator is not None:
            self._tally.silenced = self._generator.silenced_count
        self._reporter.update(self._tally)

    def _count(self, event: Event, delivery: Stored | str) -> None:
        tally = self._tally
        if isinstance(delivery, str):
            tally.failed += 1
            tally.by_failure[delivery] += 1
            return
        tally.acknowledged += 1
        if self._generator is None:  # of a recording's rows only the stream knows what to think
            return
        tally.by_fault[event.fault or GENUINE] += 1
        outcome, reason = expected_outcome(event, delivery.record_time_ms, self._job.limits)
        tally.by_outcome[outcome] += 1
        if reason is not None:
            tally.by_reason[reason] += 1
        if self._witness is not None:
            self._witness.note(event, delivery, outcome, reason)

    def _must_end(self) -> bool:
        if not self._stop.is_set():
            return False
        self._stopped_at = self._stopped_at or time.monotonic()
        return time.monotonic() - self._stopped_at >= _STOP_FLUSH_SECONDS

    def _wait_on_broker(self, seconds: float, pending: int) -> None:
        self._report_at_intervals()
        self._reporter.waiting(seconds, pending)
        if min(seconds, time.monotonic() - self._topic_checked_at) < _TOPIC_CHECK_SECONDS:
            return
        self._topic_checked_at = time.monotonic()
        with suppress(BrokerUnavailableError):  # records for a topic that was deleted would wait for ever
            require_topic(self._settings, timeout_ms=_TOPIC_CHECK_TIMEOUT_MS)
