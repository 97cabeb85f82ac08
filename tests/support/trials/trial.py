"""What every scenario has in common: traffic with a ledger of what was acknowledged, somebody who reads, the account.

A scenario does its damage within `under_traffic`, proves that it took place, mends what it has broken from outside, and
says so by `repaired`. From then on the product is alone: it has so many seconds until a reading that is sent is stored
again. When the block ends all of it is held against what the broker had acknowledged.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import psycopg

from include.domain.reasons import Outcome, Reason
from include.errors import HeartbeatError
from include.hourly.run import settle_due
from include.settings import Settings
from include.truth.lines import truth_lines
from include.truth.records import compare_with_truth
from producer.faults import PRESETS
from producer.options import SimulatorOptions
from tests.support.background import repeating, simulating
from tests.support.pipeline import Pipeline
from tests.support.trials.accounting import count_doubled, require_hours_recomputed
from tests.support.trials.kept_stream import KeptStream, kept_stream
from tests.support.trials.late_readings import late_readings
from tests.support.trials.readers import Readers, readers
from tests.support.waiting import wait_until

_SETTLE_SECONDS = 10.0
# A reading that is stored so soon after it was sent is fresh.
FRESH_SECONDS = 2.0
# Only a failure takes so long.
_PATIENCE_SECONDS = 600.0
# An offset that no record has: what a ground truth says of it is true of another topic.
_ELSEWHERE = -1
NEWEST = "select max(newest_record_at) from stream_commits"


def flows_after(seconds: float | None) -> str:
    """Return in words when readings flowed again, to follow other words; nothing where nobody waited for it."""
    return "" if seconds is None else f"; flows after {seconds:.1f} s"


@dataclass
class Account:
    """One line of the table."""

    scenario: str
    proof: str = ""
    acknowledged: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    lost: int = 0
    doubled: int = 0
    recovery_seconds: float | None = None

    def told(self) -> str:
        """Return the counts in words."""
        return (
            f"{self.acknowledged:,} records acknowledged: {self.accepted:,} accepted, "
            f"{self.duplicates:,} duplicates, {self.quarantined:,} quarantined, {self.lost} lost, "
            f"{self.doubled} doubled"
        )


@dataclass
class Amendments:
    """What the simulator's ground truth cannot know: what Kafka lost, and what others have sent."""

    unreadable: set[tuple[int, int]] = field(default_factory=set)
    dropped: set[tuple[int, int]] = field(default_factory=set)
    others: list[dict[str, object]] = field(default_factory=list)
    # How many more readings were accepted, and dropped with their day since.
    expired: int = 0

    def sent(self, partition: int, offset: int, outcome: Outcome, **reading: object) -> None:
        """Note a record that was acknowledged to somebody else than the simulator."""
        none = {"reason": None, "customer_id": None, "heart_rate": None, "event_time": None}
        place = {"partition": partition, "offset": offset, "outcome": outcome.value}
        self.others.append({**none, **place, **reading})

    def stored(self, partition: int, offset: int, reading: dict[str, object]) -> None:
        """Note a reading that was acknowledged to somebody else."""
        self.sent(partition, offset, Outcome.ACCEPTED, **reading)

    def stored_elsewhere(self, reading: dict[str, object]) -> None:
        """Note a reading that was stored from a topic that is no more."""
        self.stored(0, _ELSEWHERE, reading)

    def put_into(self, truth: Path) -> None:
        """Amend the file; what it says of episodes goes, since the simulator knows only its own part."""
        amended = truth.with_suffix(".amended")
        with amended.open("w") as file:
            for line in chain((line for line in truth_lines(truth) if "outcome" in line), self.others):
                place = line["partition"], line["offset"]
                if place in self.unreadable:
                    line |= {"outcome": Outcome.QUARANTINED.value, "reason": Reason.UNPROCESSABLE.value}
                if place not in self.dropped:
                    file.write(json.dumps(line) + "\n")
        amended.replace(truth)


@dataclass
class Trial:
    """A scenario at work."""

    pipeline: Pipeline
    stream: KeptStream
    account: Account
    reading: Readers
    amendments: Amendments = field(default_factory=Amendments)
    repaired_at: datetime | None = None

    def prove(self, what: str) -> None:
        """Keep in words what shows that the damage took place."""
        self.account.proof = what

    def wait_flowing(self) -> None:
        """Wait until what is sent is stored at once."""
        wait_until(self._age_seconds, lambda age: age < FRESH_SECONDS, timeout_seconds=_PATIENCE_SECONDS)

    def repaired(self) -> None:
        """Take the time: nothing is broken from outside any more, and the recovery from it is still to come."""
        self.account.recovery_seconds = None
        self.repaired_at = datetime.now(UTC).replace(tzinfo=None)

    def wait_recovered(self) -> None:
        """Wait until a reading that was sent after the repair was stored at once; the first time after it counts."""
        since = self.repaired_at
        assert since is not None, "the scenario has repaired nothing"
        if self.account.recovery_seconds is not None:
            return
        wait_until(
            lambda: (self._newest(), self._age_seconds()),
            lambda seen: seen[0] > since and seen[1] < FRESH_SECONDS,
            timeout_seconds=_PATIENCE_SECONDS,
        )
        self.account.recovery_seconds = (_now() - since).total_seconds()

    def _newest(self) -> datetime:
        with suppress(HeartbeatError, psycopg.Error):
            newest = self.pipeline.rows(NEWEST)[0][0]
            return datetime.min if newest is None else newest  # noqa: DTZ901 - as the column is
        return datetime.min  # noqa: DTZ901

    def _age_seconds(self) -> float:
        return (_now() - self._newest()).total_seconds()


@contextmanager
def under_traffic(
    name: str,
    pipeline: Pipeline,
    folder: Path,
    *,
    within_seconds: float,
    fault_rates: Mapping[str, float] = PRESETS["mixed"],
    late_by_seconds: float = 300.0,
    environment: Mapping[str, str] = {},
    before_traffic: Callable[[Trial], None] = lambda _: None,
) -> Iterator[Trial]:
    """Let readings flow while the block does its damage; then wait for the recovery and draw up the account.

    `before_traffic` is called once the stream is kept and before anything else is sent.
    """
    truth = folder / "truth.jsonl"
    with kept_stream(pipeline, dict(environment)) as stream, readers(pipeline.settings) as reading:
        trial = Trial(pipeline, stream, Account(name), reading)
        before_traffic(trial)
        with (
            repeating(lambda: settle(pipeline.settings), every_seconds=_SETTLE_SECONDS),
            late_readings(pipeline.settings, trial.amendments.stored),
            _simulated(pipeline.settings, fault_rates, late_by_seconds, truth),
        ):
            trial.wait_flowing()
            wait_until(lambda: reading.published_hours, bool, timeout_seconds=_PATIENCE_SECONDS)
            yield trial
            trial.wait_recovered()
        wait_until(lambda: _lag(pipeline), lambda lag: lag == 0, timeout_seconds=_PATIENCE_SECONDS)
    draw_up(trial, truth)
    _check(trial, reading)
    seconds = trial.account.recovery_seconds or 0
    assert seconds <= within_seconds, f"fresh again after {seconds:.1f} s"


@contextmanager
def _simulated(
    settings: Settings, fault_rates: Mapping[str, float], late_by_seconds: float, truth: Path
) -> Iterator[None]:
    """Let a simulator send; at the end of the block all is acknowledged and in its ground truth."""
    options = SimulatorOptions(
        customers=100,
        records_per_second=300,
        fault_rates=dict(fault_rates),
        late_by_seconds=late_by_seconds,
        ledger=truth,
    )
    with simulating(settings, options):
        yield


def draw_up(trial: Trial, truth: Path) -> None:
    """Hold what was stored against what was acknowledged, record by record."""
    account, report = trial.account, trial.pipeline.report()
    trial.amendments.put_into(truth)
    comparison = compare_with_truth(trial.pipeline.settings, truth)
    account.acknowledged = comparison.records + trial.amendments.expired
    account.accepted, account.duplicates = report.accepted, report.duplicates
    account.quarantined = report.quarantined
    account.lost = comparison.difference_count + comparison.not_consumed
    account.doubled = count_doubled(
        trial.pipeline, accounted=report.records, acknowledged=account.acknowledged
    )
    assert comparison.holds, comparison.lines()
    assert report.problems == []


def _check(trial: Trial, reading: Readers) -> None:
    account = trial.account
    assert trial.account.proof, "the scenario has proved nothing"
    assert reading.wrong == []
    assert min(reading.looks, reading.published_hours) > 0
    assert (account.lost, account.doubled) == (0, 0)
    settle(trial.pipeline.settings)
    require_hours_recomputed(trial.pipeline)


def settle(settings: Settings, *, is_over: bool = False) -> None:
    """Settle all hours, or those that are over alone; the next time tries again what cannot be done now."""
    with suppress(HeartbeatError):
        settle_due(settings, before=_now() + timedelta(hours=0 if is_over else 1))


def _lag(pipeline: Pipeline) -> int:
    lag = pipeline.report().lag
    return -1 if lag is None else sum(lag.values())


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
