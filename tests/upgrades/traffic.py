"""A thousand readings a second with a ground truth, how fresh they are seen to be, and the account at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from include.db.connect import Connection, Role, connect
from include.errors import HeartbeatError
from include.settings import Settings
from include.truth.records import compare_with_truth
from tests.support.background import repeating
from tests.support.pipeline import Pipeline
from tests.support.trials.accounting import count_doubled
from tests.support.trials.late_readings import late_readings
from tests.support.trials.trial import FRESH_SECONDS, NEWEST, Amendments
from tests.support.waiting import wait_until
from tests.upgrades.program import Program

RECORDS_PER_SECOND = 1000
_LOOK_EVERY_SECONDS = 0.2
_PATIENCE_SECONDS = 600.0


@dataclass
class Passage:
    """One line of the table: an upgrade, or a way back."""

    version: str
    way: str
    acknowledged: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    longest_pause_seconds: float = 0
    remark: str = ""

    def draw_up(self, pipeline: Pipeline, report: dict[str, Any], sent: Amendments, truth: Path) -> None:
        """Hold the database against all that was acknowledged, and fail where a record has not its one outcome."""
        sent.put_into(truth)
        comparison = compare_with_truth(pipeline.settings, truth)
        self.acknowledged, self.accepted = comparison.records, report["accepted"]
        self.lost = comparison.difference_count + comparison.not_consumed
        self.doubled = count_doubled(pipeline, accounted=report["records"], acknowledged=comparison.records)
        assert comparison.holds, comparison.lines()
        assert (self.lost, self.doubled) == (0, 0)


@contextmanager
def traffic(
    program: Program, settings: Settings, truth: Path, sent: Amendments, *, seed: int, late_by_hours: int
) -> Iterator[None]:
    """Let readings flow beside a block; at its end all are acknowledged and in the ground truth, or in `sent`."""
    words = (
        "--customers",
        "1000",
        "--records-per-second",
        str(RECORDS_PER_SECOND),
        "--faults",
        "mixed",
        "--quiet",
    )
    with (
        late_readings(settings, sent.stored, hours_ago=late_by_hours),
        program.running("producer", *words, "--seed", str(seed), "--ledger", str(truth)) as producer,
    ):
        yield
        assert producer.interrupt() == 0, producer.log()


class Freshness:
    """Look again and again how old the newest stored reading is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Connection | None = None
        self._looks: list[tuple[float, float]] = []

    def look(self) -> None:
        """Look once; a database that is away is asked again the next time."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._settings, Role.READER, autocommit=True)
            [(newest,)] = self._connection.execute(NEWEST).fetchall()
        except (HeartbeatError, psycopg.Error):
            self.close()
            return
        if newest is not None:
            age = datetime.now(UTC).replace(tzinfo=None) - newest
            self._looks.append((time.monotonic(), age.total_seconds()))

    def close(self) -> None:
        """End the session."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def wait_flowing(self) -> None:
        """Wait until somebody who looks from now on finds what was sent stored at once."""
        since = time.monotonic()
        wait_until(
            lambda: self._looks[-1] if self._looks else (since, None),
            lambda look: look[0] > since and look[1] is not None and look[1] < FRESH_SECONDS,
            timeout_seconds=_PATIENCE_SECONDS,
        )

    def longest_pause_seconds(self, since: float) -> float:
        """Return how old the newest reading was at most, since an instant of the monotonic clock."""
        return max(age for at, age in self._looks if at >= since)


@contextmanager
def watched(settings: Settings) -> Iterator[Freshness]:
    """Let somebody look for the length of a `with` block."""
    freshness = Freshness(settings)
    try:
        with repeating(freshness.look, every_seconds=_LOOK_EVERY_SECONDS):
            yield freshness
    finally:
        freshness.close()


def wait_stored_more(pipeline: Pipeline) -> None:
    """Wait until ten seconds' worth of readings more is stored."""
    wanted = _accepted(pipeline) + 10 * RECORDS_PER_SECOND
    wait_until(
        lambda: _accepted(pipeline), lambda accepted: accepted >= wanted, timeout_seconds=_PATIENCE_SECONDS
    )


def _accepted(pipeline: Pipeline) -> int:
    return int(pipeline.rows("select coalesce(sum(accepted), 0) from stream_commits")[0][0])
