"""What the report of a day reads. Each function is one look at the same snapshot."""

from collections.abc import Sequence
from datetime import timedelta

from include.daily import rules
from include.daily.types import (
    AlarmCount,
    AlarmHour,
    Coverage,
    Day,
    Example,
    Expectation,
    Hour,
    Lag,
    Latency,
    Outcomes,
    ReasonCount,
    Risk,
)
from include.db.connect import Connection
from include.db.queries import query, read_rows
from include.maintenance.store import read_first_kept
from include.settings import Settings

MOST_EXAMPLES = 3
MOST_LOOKED_AT = 1000


def read_outcomes(connection: Connection, day: Day) -> tuple[list[Outcomes], Outcomes]:
    """Return what became of the records that were committed on that day, by hour and in all."""
    *hours, total = read_rows(query("daily/sum_outcomes"), _span(day), connection, Outcomes)
    return hours, total


def read_latency(connection: Connection, day: Day) -> tuple[list[Latency], Latency]:
    """Return how old records were when they were committed, by hour and in all."""
    return rules.latencies(connection.execute(query("daily/select_latency"), _span(day)))


def read_lag(connection: Connection, day: Day) -> tuple[list[Lag], Lag]:
    """Return how many records waited, by hour and in all."""
    *hours, total = read_rows(query("daily/select_lag"), _span(day), connection, Lag)
    return hours, total


def read_hours(connection: Connection, day: Day) -> list[Hour]:
    """Return how the hours of that day stand."""
    return read_rows(query("daily/select_hours"), _span(day), connection, Hour)


def read_expectations(connection: Connection, day: Day) -> list[Expectation]:
    """Return how the expectations of that day's hours fared."""
    span = {"since": day.until - timedelta(days=rules.TREND_DAYS), "until": day.until}
    return rules.expectations(connection.execute(query("daily/select_expectations"), span), day)


def read_reasons(connection: Connection, day: Day) -> list[ReasonCount]:
    """Return what was rejected on that day, by reason."""
    found = read_rows(query("daily/count_by_reason"), _span_with_day_before(day), connection, ReasonCount)
    return [one for one in found if one.records]


def read_examples(connection: Connection, day: Day, reasons: list[ReasonCount]) -> list[Example]:
    """Return some rejected records of each reason."""
    where = {
        **_span(day),
        "reasons": [one.reason for one in reasons],
        "most_looked_at": MOST_LOOKED_AT,
        "most": MOST_EXAMPLES,
    }
    return read_rows(query("daily/select_examples"), where, connection, Example)


def read_coverage(
    connection: Connection, day: Day, *, min_coverage: float
) -> tuple[list[Coverage], Coverage]:
    """Return how much of the expected readings came, by published hour and in all."""
    where = {**_span(day), "min_coverage": min_coverage}
    *hours, total = read_rows(query("daily/select_coverage"), where, connection, Coverage)
    return hours, total


def read_risk(connection: Connection, day: Day) -> tuple[list[Risk], Risk]:
    """Return the published readings by level, by hour and in all."""
    hours = read_rows(query("daily/select_risk"), _span(day), connection, Risk)
    return hours, rules.total_risk(hours)


def read_alarms(connection: Connection, day: Day) -> tuple[list[AlarmCount], list[AlarmHour]]:
    """Return the alarms that opened on that day, by rule and by hour."""
    rules_of_day = read_rows(query("daily/count_alarms"), _span_with_day_before(day), connection, AlarmCount)
    return rules_of_day, read_rows(query("daily/count_alarms_by_hour"), _span(day), connection, AlarmHour)


def read_dropped(connection: Connection, days: Sequence[Day], settings: Settings) -> list[list[str]]:
    """Return for each day the tables of which retention has dropped it, or some of it."""
    first_kept = read_first_kept(connection, settings)
    dropped = []
    for day in days:
        found = connection.execute(query("daily/select_dropped"), {"day": day.date})
        parents = [parent for (parent,) in found]
        dropped.append([*parents, *rules.pruned(day, first_kept, parents)])
    return dropped


def _span(day: Day) -> dict[str, object]:
    return {"since": day.since, "until": day.until}


def _span_with_day_before(day: Day) -> dict[str, object]:
    return {**_span(day), "before": day.since - timedelta(days=1)}
