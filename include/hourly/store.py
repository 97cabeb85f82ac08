"""The sums and the hours' states in PostgreSQL. Each function is one step of the settling transaction."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from include.db.connect import Connection
from include.db.queries import query
from include.domain.risk import RiskPolicy
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.hourly.types import Decision, DueHour, HeldBackCustomer, HourRow, HourStatus, PolicySpan

_UNKNOWN_BANDS: dict[str, object] = {}


def read_due_hours(connection: Connection, before: datetime) -> list[DueHour]:
    """Return the hours that ended by `before` and are not published as they stand, in order."""
    return [DueHour(*row) for row in connection.execute(query("hourly/select_due_hours"), {"before": before})]


def read_dropped_hours(connection: Connection, hours: Sequence[datetime]) -> list[datetime]:
    """Return those of the hours whose readings retention has dropped since they were settled."""
    return [
        hour for (hour,) in connection.execute(query("hourly/select_dropped_hours"), {"hours": list(hours)})
    ]


def read_status(connection: Connection, hours: Sequence[datetime]) -> dict[datetime, HourStatus]:
    """Return how these hours stand; an hour without a row is not in it."""
    with connection.cursor(row_factory=class_row(HourStatus)) as cursor:
        return {
            row.hour: row
            for row in cursor.execute(query("hourly/select_hour_status"), {"hours": list(hours)})
        }


def read_hours(connection: Connection, *, since: datetime, most: int) -> list[HourRow]:
    """Return the newest hours, newest first."""
    with connection.cursor(row_factory=class_row(HourRow)) as cursor:
        return cursor.execute(query("hourly/select_recent_hours"), {"since": since, "most": most}).fetchall()


def read_held_back(
    connection: Connection, *, since: datetime, until: datetime, most: int
) -> list[HeldBackCustomer]:
    """Return who is held back in the hours [since, until), the newest hours first."""
    with connection.cursor(row_factory=class_row(HeldBackCustomer)) as cursor:
        where = {"since": since, "until": until, "most": most}
        return cursor.execute(query("hourly/select_held_back"), where).fetchall()


def read_policy_history(connection: Connection) -> list[tuple[str, datetime]]:
    """Return each risk policy that was in force, and since when, in order."""
    return [(version, since) for version, since in connection.execute(query("hourly/select_policy_history"))]


def sum_readings(
    connection: Connection,
    hours: Sequence[datetime],
    *,
    spans: Sequence[PolicySpan],
    policies: Sequence[RiskPolicy],
    max_skew_seconds: int,
) -> None:
    """Sum the hours' readings into a temporary table that lives as long as the transaction."""
    connection.execute("set local work_mem = '64MB'")
    connection.execute(query("hourly/create_summed"))
    connection.execute(
        query("hourly/insert_summed"),
        {
            "hours": list(hours),
            "spans": Jsonb(_bands(spans, policies)),
            "min_bpm": MIN_HEART_RATE_BPM,
            "max_bpm": MAX_HEART_RATE_BPM,
            "max_skew_seconds": max_skew_seconds,
        },
    )


def read_changed_hours(connection: Connection, hours: Sequence[datetime]) -> set[datetime]:
    """Return the hours of which other sums are published than were summed now, or none."""
    return {
        hour for (hour,) in connection.execute(query("hourly/select_changed_hours"), {"hours": list(hours)})
    }


def replace_sums(
    connection: Connection, *, publish: Collection[datetime], withdraw: Collection[datetime]
) -> None:
    """Publish the new sums of some hours in place of the old ones, and take those of others back."""
    gone = {"hours": [*publish, *withdraw]}
    connection.execute(query("hourly/delete_customer_hourly"), gone)
    connection.execute(query("hourly/delete_risk_hourly"), gone)
    connection.execute(query("hourly/insert_customer_hourly"), {"hours": list(publish)})
    connection.execute(query("hourly/insert_risk_hourly"), {"hours": list(publish)})


def save_decisions(connection: Connection, decisions: Sequence[Decision], run_id: int) -> None:
    """Note what was decided; an hour of which nothing is new keeps its row."""
    rows = [
        {
            "hour": decision.hour,
            "state": decision.state.value,
            "reason": decision.verdict.reason,
            "readings": decision.verdict.facts.readings,
            "ledger_readings": decision.verdict.facts.ledger_readings,
            "mean_bpm": decision.verdict.facts.mean_bpm,
            "is_new_revision": decision.is_new_revision,
            "run_id": run_id,
        }
        for decision in decisions
    ]
    connection.execute(query("hourly/upsert_settled_hours"), {"decisions": Jsonb(rows, dumps=_dumps)})


def answer_reopened(connection: Connection, hours: Sequence[datetime]) -> None:
    """Take the notes away that these hours are to be settled again; what is noted meanwhile stays."""
    connection.execute(query("hourly/delete_reopened_hours"), {"hours": list(hours)})


def settle_dropped(connection: Connection, hours: Sequence[datetime]) -> None:
    """Take what was counted of these hours as settled, though nothing of it is summed: their day was dropped."""
    connection.execute(query("hourly/settle_dropped_hours"), {"hours": list(hours)})


def note_settled(connection: Connection, hours: Sequence[datetime]) -> None:
    """Let the counters of these hours wait no longer, or from now on where more came since they were settled.

    After the settling has committed, and in a session that sees what has been committed since.
    """
    connection.execute(query("hourly/update_noted_hours"), {"hours": list(hours)})


def _bands(spans: Sequence[PolicySpan], policies: Sequence[RiskPolicy]) -> list[dict[str, object]]:
    # A version whose file is gone has no bands: no level equals its own, and the hour is withheld.
    bands = {policy.version: policy.model_dump(exclude={"version", "note"}) for policy in policies}
    return [
        {
            "since": span.since.isoformat(),
            "until": span.until.isoformat(),
            **bands.get(span.version, _UNKNOWN_BANDS),
        }
        for span in spans
    ]


def _dumps(rows: object) -> str:
    return json.dumps(rows, default=str)
