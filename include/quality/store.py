"""What the checks read from PostgreSQL and what they leave there."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from psycopg.rows import class_row

from include.db.connect import Connection
from include.quality.types import HourFacts, Outcome, QualityPolicy
from include.sql import query


def measure_facts(
    connection: Connection, hours: Sequence[datetime], policy: QualityPolicy
) -> list[HourFacts]:
    """Measure each hour, in order, without its drift, after `sum_readings` in the same transaction."""
    with connection.cursor(row_factory=class_row(HourFacts)) as cursor:
        return cursor.execute(
            query("select_facts"),
            {
                "hours": list(hours),
                "min_coverage": policy.min_coverage,
                "min_records": policy.min_records_for_share,
            },
        ).fetchall()


def read_past_means(
    connection: Connection, hours: Sequence[datetime], policy: QualityPolicy
) -> dict[datetime, float]:
    """Return the mean heart rates of the published hours that these hours may be compared with."""
    since = min(hours) - timedelta(hours=policy.drift_past_hours)
    return dict(
        connection.execute(query("select_past_means"), {"since": since, "before": max(hours)}).fetchall()
    )


def start_run(connection: Connection, facts: Sequence[HourFacts], policy: QualityPolicy) -> int:
    """Begin a run, store what was measured and return the run's number."""
    [(run_id,)] = connection.execute(
        query("insert_quality_run"),
        {
            "policy_version": policy.version,
            "first_hour": facts[0].hour,
            "last_hour": facts[-1].hour,
            "hours": len(facts),
        },
    ).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(query("insert_hour_facts"), [{"run_id": run_id, **asdict(hour)} for hour in facts])
    return int(run_id)


def save_outcomes(connection: Connection, run_id: int, outcomes: Sequence[Outcome]) -> None:
    """Store what became of each expectation in each hour."""
    with connection.cursor() as cursor:
        cursor.executemany(
            query("insert_quality_results"),
            [
                {
                    "run_id": run_id,
                    "hour": outcome.hour,
                    "expectation": outcome.expectation.name,
                    "severity": outcome.expectation.severity.value,
                    "passed": outcome.passed,
                    "observed": outcome.observed,
                    "at_least": outcome.expectation.at_least,
                    "at_most": outcome.expectation.at_most,
                }
                for outcome in outcomes
            ],
        )


def finish_run(
    connection: Connection,
    run_id: int,
    *,
    published: int,
    withheld: int,
    warnings: int,
    docs_page: str,
    workflow_run: str | None,
) -> None:
    """Note how a run ended, where its Data Docs page lies, and which run of the workflow it belongs to."""
    connection.execute(
        query("finish_quality_run"),
        {
            "run_id": run_id,
            "published": published,
            "withheld": withheld,
            "warnings": warnings,
            "docs_page": docs_page,
            "workflow_run": workflow_run,
        },
    )
