"""Check a group of hours: hold customers back, measure, judge, store.

Their readings have been summed in the same snapshot, which Great Expectations takes, too. A rule about what a customer
sent holds back that customer alone. A critical expectation withholds the whole hour, so only faults of the pipeline
itself are critical.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from include.db.connect import Connection
from include.quality import store
from include.quality.rules import verdicts_of, with_drift, without_accepted
from include.quality.types import Accepted, HourVerdict, Judge, QualityPolicy, Sight


def check_hours(
    snapshot: Connection,
    log: Connection,
    hours: Sequence[datetime],
    judge: Judge,
    risk_bands: Sequence[Mapping[str, object]],
) -> tuple[int, tuple[HourVerdict, ...]]:
    """Measure the hours in `snapshot`, judge and store them through `log`, and return the run and a verdict for each.

    The findings are committed at once, in a session of their own: they survive if the run itself fails.
    """
    policy = judge.policy
    accepted = store.read_accepted(snapshot, hours)
    _hold_back(snapshot, hours, policy, accepted)
    facts = with_drift(
        store.measure_facts(snapshot, hours, policy), store.read_past_means(snapshot, hours, policy), policy
    )
    sight = Sight(store.export_snapshot(snapshot), json.dumps(risk_bands))
    run_id = store.start_run(log, facts, policy)
    findings = judge.judge(run_id, facts, sight)
    store.save_findings(log, run_id, findings)
    return run_id, verdicts_of(facts, findings, accepted)


def _hold_back(
    snapshot: Connection, hours: Sequence[datetime], policy: QualityPolicy, accepted: Sequence[Accepted]
) -> None:
    store.count_rejected(snapshot, hours)
    found = store.find_rule_breakers(snapshot, hours, policy)
    store.save_held_back(snapshot, hours, without_accepted(found, accepted, policy))
