"""The sums and states of hours in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from include.db.connect import Connection
from include.db.queries import as_jsonb, query, read_rows
from include.hourly.types import Decision, DueHour, HeldBackCustomer, HourRow, HourStatus


def run_for(connection: Connection, statement: str, hours: Collection[datetime]) -> None:
    """Run one of the statements that take hours and return nothing; its header says what it does to them."""
    connection.execute(query(f"hourly/{statement}"), {"hours": list(hours)})


def read_due_hours(connection: Connection, before: datetime) -> list[DueHour]:
    """Return the hours that ended by `before` and are not published as they stand, in order."""
    return [DueHour(*row) for row in connection.execute(query("hourly/select_due_hours"), {"before": before})]


def read_left_hours(connection: Connection) -> list[datetime]:
    """Return the published hours that a run which broke off has left marked as waiting."""
    return [hour for (hour,) in connection.execute(query("hourly/select_left_hours"))]


def read_dropped_hours(connection: Connection, hours: Sequence[datetime]) -> list[datetime]:
    """Return the hours whose readings retention has dropped since they were settled."""
    return [
        hour for (hour,) in connection.execute(query("hourly/select_dropped_hours"), {"hours": list(hours)})
    ]


def read_status(connection: Connection, hours: Sequence[datetime]) -> dict[datetime, HourStatus]:
    """Return the state of each hour; hours without a row are left out."""
    rows = read_rows(query("hourly/select_hour_status"), {"hours": list(hours)}, connection, HourStatus)
    return {row.hour: row for row in rows}


def read_hours(connection: Connection, *, since: datetime, most: int) -> list[HourRow]:
    """Return the newest hours, newest first."""
    return read_rows(query("hourly/select_recent_hours"), {"since": since, "most": most}, connection, HourRow)


def read_held_back(
    connection: Connection, *, since: datetime, until: datetime, most: int
) -> list[HeldBackCustomer]:
    """Return the customers held back in the hours [since, until), newest hours first."""
    where = {"since": since, "until": until, "most": most}
    return read_rows(query("hourly/select_held_back"), where, connection, HeldBackCustomer)


def read_policy_history(connection: Connection) -> list[tuple[str, datetime]]:
    """Return the risk policies that have been in force, each with the instant from which it applied, in order."""
    return [(version, since) for version, since in connection.execute(query("hourly/select_policy_history"))]


def sum_readings(connection: Connection, hours: Sequence[datetime], *, max_skew_seconds: int) -> None:
    """Sum the hours' readings into a temporary table that lives as long as the transaction."""
    connection.execute("set local work_mem = '64MB'")
    values = {"hours": list(hours), "max_skew_seconds": max_skew_seconds}
    connection.execute(query("hourly/create_summed"), values)


def read_changed_hours(connection: Connection, hours: Sequence[datetime]) -> set[datetime]:
    """Return the hours whose published sums differ from the new ones, or are missing."""
    return {
        hour for (hour,) in connection.execute(query("hourly/select_changed_hours"), {"hours": list(hours)})
    }


def replace_sums(
    connection: Connection, *, publish: Collection[datetime], withdraw: Collection[datetime]
) -> None:
    """Replace the published sums of some hours, and delete those of others."""
    gone = {"hours": [*publish, *withdraw]}
    connection.execute(query("hourly/delete_customer_hourly"), gone)
    connection.execute(query("hourly/delete_risk_hourly"), gone)
    connection.execute(query("hourly/insert_customer_hourly"), {"hours": list(publish)})
    connection.execute(query("hourly/insert_risk_hourly"), {"hours": list(publish)})


def save_decisions(
    connection: Connection, decisions: Sequence[Decision], run_id: int, found_otherwise: Collection[datetime]
) -> None:
    """Store the decisions; an hour for which nothing is new, and of which nothing else was found, keeps its row."""
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
    values = {"decisions": as_jsonb(rows), "found_otherwise": list(found_otherwise)}
    connection.execute(query("hourly/upsert_settled_hours"), values)
