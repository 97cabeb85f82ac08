"""Check a group of hours: measure, judge, store. Their readings have been summed in the same snapshot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from include.db.connect import Connection
from include.quality.rules import outcomes_of, verdicts_of, with_drift
from include.quality.store import measure_facts, read_past_means, save_outcomes, start_run
from include.quality.types import CheckedHours, QualityPolicy


class Judge(Protocol):
    """Tells which hours of a run fail which expectations."""

    def failing_hours(self, run_id: int, run_name: str) -> dict[str, set[datetime]]:
        """Return the failing hours by expectation name."""


def check_hours(
    snapshot: Connection, log: Connection, hours: Sequence[datetime], policy: QualityPolicy, judge: Judge
) -> CheckedHours:
    """Measure the hours in `snapshot`, judge and store them through `log`, and return a verdict for each.

    What was found is committed at once, on a session of its own: it stays known if nothing comes of the run.
    """
    facts = with_drift(
        measure_facts(snapshot, hours, policy), read_past_means(snapshot, hours, policy), policy
    )
    run_id = start_run(log, facts, policy)
    failed = judge.failing_hours(run_id, name_of_run(run_id, hours))
    outcomes = outcomes_of(facts, policy.expectations, failed)
    save_outcomes(log, run_id, outcomes)
    return CheckedHours(run_id, verdicts_of(facts, outcomes))


def name_of_run(run_id: int, hours: Sequence[datetime]) -> str:
    """Return the name that Data Docs lists a run under: its first hour, how many, its number."""
    return f"{min(hours):%Y-%m-%dT%H}Z-{len(hours)}h-run-{run_id}"
