"""What the checks read from PostgreSQL and write to it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from include.db.connect import Connection
from include.db.queries import as_jsonb, query, read_rows
from include.quality.types import Accepted, Finding, HeldBack, HourFacts, QualityPolicy


def count_rejected(connection: Connection, hours: Sequence[datetime]) -> None:
    """Count the hours' rejected records into a temporary table that lives as long as the transaction."""
    connection.execute(query("quality/create_rejected"), {"hours": list(hours)})


def find_rule_breakers(
    connection: Connection, hours: Sequence[datetime], policy: QualityPolicy
) -> list[HeldBack]:
    """Return the customers who break a rule in one of the hours, after `sum_readings` and `count_rejected`."""
    rules = policy.rules
    rows = connection.execute(
        query("quality/select_rule_breakers"),
        {
            "hours": list(hours),
            "rules": as_jsonb([rule.model_dump(mode="json") for rule in policy.customer_rules]),
            "min_records": policy.min_records_for_share,
        },
    )
    found = []
    for hour, customer_id, rule, observed, readings, rejected, reasons, known_detail in rows:
        detail = known_detail or rules[rule].explain(observed) + (f" ({reasons})" if reasons else "")
        found.append(HeldBack(hour, customer_id, rule, observed, readings, rejected, detail))
    return found


def read_accepted(connection: Connection, hours: Sequence[datetime]) -> list[Accepted]:
    """Return the failures of these hours that a person has accepted."""
    return [
        Accepted(*row) for row in connection.execute(query("quality/select_accepted"), {"hours": list(hours)})
    ]


def save_held_back(connection: Connection, hours: Sequence[datetime], held: Sequence[HeldBack]) -> None:
    """Store who is held back in these hours, and mark their sums."""
    rows = as_jsonb([asdict(one) for one in held])
    connection.execute(query("quality/delete_held_back"), {"hours": list(hours), "held": rows})
    connection.execute(query("quality/upsert_held_back"), {"held": rows})
    connection.execute(query("quality/mark_held_back"), {"hours": list(hours)})


def measure_facts(
    connection: Connection, hours: Sequence[datetime], policy: QualityPolicy
) -> list[HourFacts]:
    """Measure each hour, in order, without its drift, after `save_held_back` in the same transaction."""
    values = {
        "hours": list(hours),
        "min_coverage": policy.min_coverage,
        "min_records": policy.min_records_for_share,
    }
    return read_rows(query("quality/select_facts"), values, connection, HourFacts)


def read_past_means(
    connection: Connection, hours: Sequence[datetime], policy: QualityPolicy
) -> dict[datetime, float]:
    """Return the mean heart rates of the published hours with which these may be compared."""
    since = min(hours) - timedelta(hours=policy.drift_past_hours)
    return dict(
        connection.execute(
            query("quality/select_past_means"), {"since": since, "before": max(hours)}
        ).fetchall()
    )


def export_snapshot(connection: Connection) -> str:
    """Return the name by which other sessions can take the snapshot of this open transaction, until it ends."""
    [(name,)] = connection.execute(query("quality/export_snapshot")).fetchall()
    return str(name)


def start_run(connection: Connection, facts: Sequence[HourFacts], policy: QualityPolicy) -> int:
    """Begin a run, store what was measured and return the run's number."""
    [(run_id,)] = connection.execute(
        query("quality/insert_quality_run"),
        {
            "policy_version": policy.version,
            "first_hour": facts[0].hour,
            "last_hour": facts[-1].hour,
            "hours": len(facts),
        },
    ).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            query("quality/insert_hour_facts"), [{"run_id": run_id, **asdict(hour)} for hour in facts]
        )
    return int(run_id)


def save_findings(connection: Connection, run_id: int, findings: Sequence[Finding]) -> None:
    """Store whether each hour meets each expectation."""
    rows = [
        {
            "hour": finding.hour,
            "expectation": finding.expectation.name,
            "severity": finding.expectation.severity.value,
            "passed": finding.passed,
            "observed": finding.observed,
            "at_least": finding.expectation.at_least,
            "at_most": finding.expectation.at_most,
            "judged": finding.judged,
        }
        for finding in findings
    ]
    connection.execute(
        query("quality/insert_quality_results"), {"run_id": run_id, "findings": as_jsonb(rows)}
    )


def read_changed_findings(connection: Connection, run_id: int) -> set[datetime]:
    """Return the hours of a run that it found otherwise than the run by which they stand."""
    return {
        hour for (hour,) in connection.execute(query("quality/select_changed_findings"), {"run_id": run_id})
    }


def finish_run(connection: Connection, run_id: int, **ended: object) -> None:
    """Store how a run ended, where its Data Docs page is, and to which run of the workflow it belongs."""
    connection.execute(query("quality/finish_quality_run"), {"run_id": run_id, **ended})
