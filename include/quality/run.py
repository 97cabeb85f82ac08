"""Check a group of hours: hold customers back, measure, judge, store.

Their readings have been summed in the same snapshot. A rule about what a customer sent holds back that customer alone.
A critical expectation withholds the whole hour, so only faults of the pipeline itself are critical.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from include.db.connect import Connection
from include.quality import store
from include.quality.rules import findings_of, verdicts_of, with_drift, without_accepted
from include.quality.types import Accepted, HourVerdict, QualityPolicy

if TYPE_CHECKING:
    from include.quality.suite import HourSuite


def check_hours(
    snapshot: Connection,
    log: Connection,
    hours: Sequence[datetime],
    policy: QualityPolicy,
    suite: "HourSuite",
) -> tuple[int, tuple[HourVerdict, ...]]:
    """Measure the hours in `snapshot`, judge and store them through `log`, and return the run and a verdict for each.

    The findings are committed at once, in a session of their own: they survive if the run itself fails.
    """
    accepted = store.read_accepted(snapshot, hours)
    _hold_back(snapshot, hours, policy, accepted)
    facts = with_drift(
        store.measure_facts(snapshot, hours, policy), store.read_past_means(snapshot, hours, policy), policy
    )
    run_id = store.start_run(log, facts, policy)
    failed = suite.failing_hours(run_id, name_of_run(run_id, hours))
    findings = findings_of(facts, policy.expectations, failed)
    store.save_findings(log, run_id, findings)
    return run_id, verdicts_of(facts, findings, accepted)


def _hold_back(
    snapshot: Connection, hours: Sequence[datetime], policy: QualityPolicy, accepted: Sequence[Accepted]
) -> None:
    store.count_rejected(snapshot, hours)
    found = store.find_rule_breakers(snapshot, hours, policy)
    store.save_held_back(snapshot, hours, without_accepted(found, accepted, policy))


def name_of_run(run_id: int, hours: Sequence[datetime]) -> str:
    """Return a run's name in Data Docs: its first hour, how many hours, its number."""
    return f"{min(hours):%Y-%m-%dT%H}Z-{len(hours)}h-run-{run_id}"
