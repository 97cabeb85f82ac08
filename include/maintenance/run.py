"""The daily jobs. Each can be repeated at any time, and none holds up the stream for more than a moment."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial

from psycopg import errors

from include.db.clock import read_clock
from include.db.connect import Connection, Role, connect, readable_errors
from include.db.days import ensure_day
from include.errors import RetentionBlockedError
from include.log import get_logger
from include.maintenance import store
from include.maintenance.rules import (
    PARENTS,
    READINGS,
    days_ahead,
    expired_days,
    kept_days,
)
from include.maintenance.types import Day, RetentionReport
from include.notices.store import forget_held_back
from include.settings import Settings

log = get_logger()


def make_days_ahead(settings: Settings) -> dict[str, int]:
    """Make the partitions of today and the next days; return how many were made, by table."""
    with connect(settings, Role.HOURLY, autocommit=True) as connection, readable_errors(settings):
        days = days_ahead(read_clock(connection).date())
        made = Counter(day.parent for day in days if ensure_day(connection, day.parent, day.day))
    log.info("days_made", **made)
    return dict(made)


def drop_expired_days(settings: Settings) -> dict[str, int]:
    """Drop each expired day, of readings only if its hours are all published; return the dropped rows by table.

    The accounting survives: retention_log and dropped_totals are written together with the drop. Raise
    RetentionBlockedError, after all other days are done, if other sessions kept a table in use all the time.
    """
    report = RetentionReport()
    with connect(settings, Role.HOURLY, autocommit=True) as connection, readable_errors(settings):
        today = read_clock(connection).date()
        days = [day for parent in PARENTS for day in store.list_days(connection, parent)]
        for day in expired_days(days, today, kept_days(settings)):
            _drop(connection, day, report)
    rows = Counter[str]()
    for day, row_count in report.dropped.items():
        rows[day.parent] += row_count
    log.info(
        "retention_done",
        dropped_days=len(report.dropped),
        kept_days=len(report.kept),
        blocked_days=len(report.blocked),
        dropped_rows=dict(rows),
    )
    if report.blocked:
        raise RetentionBlockedError(days=", ".join(str(day) for day in report.blocked))
    return dict(rows)


def prune_results(settings: Settings) -> dict[str, int]:
    """Delete old checks, notices, alarms, sums and verdicts; a quality run stays while an hour rests on it."""
    with connect(settings, Role.HOURLY, autocommit=True) as connection, readable_errors(settings):
        first = store.read_first_kept(connection, settings)
        pruned = {table: _prune(connection, table, before) for table, before in first.items()}
    log.info("results_pruned", **pruned)
    return pruned


def refresh_statistics(settings: Settings) -> None:
    """Refresh the statistics of each partitioned table as a whole, which autovacuum never does."""
    with connect(settings, Role.HOURLY, autocommit=True) as connection, readable_errors(settings):
        for parent in PARENTS:
            connection.execute("select refresh_statistics(%s)", [parent])
    log.info("statistics_refreshed", tables=list(PARENTS))


def _prune(connection: Connection, table: str, before: datetime) -> int:
    """Delete what a table has of before an instant, by its own rule where it has one; return how many rows."""
    own: dict[str, Callable[..., int]] = {
        "notices": partial(store.prune, statement="delete_notices"),
        "quality_runs": partial(store.prune, statement="delete_quality_runs"),
        "alarms": partial(store.prune, statement="delete_alarms"),
        "customer_hourly": store.prune_customer_hours,
        "held_back_customers": _prune_held_back,
        "accepted_failures": store.prune_accepted,
    }
    act = own.get(table) or partial(store.prune_aged, table=table)
    return act(connection, before=before)


def _prune_held_back(connection: Connection, before: datetime) -> int:
    """Forget old hours' customers, in one transaction with what was told of them."""
    with connection.transaction():
        gone = store.prune_held_back(connection, before)
        forget_held_back(connection, gone)
    return sum(gone.values())


def _drop(connection: Connection, day: Day, report: RetentionReport) -> None:
    unpublished = store.list_unpublished_hours(connection, day.day) if day.parent == READINGS else []
    if unpublished:
        report.kept[day] = unpublished
        log.warning("expired_day_kept", day=str(day), unpublished_hours=len(unpublished))
        return
    try:
        row_count = store.drop_day(connection, day)
    except errors.ObjectNotInPrerequisiteState:
        # A late reading has reopened an hour since it was looked at.
        report.kept[day] = store.list_unpublished_hours(connection, day.day)
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        report.blocked.append(day)
        log.warning("expired_day_blocked", day=str(day))
    else:
        if row_count is not None:
            report.dropped[day] = row_count
            log.info("expired_day_dropped", day=str(day), row_count=row_count)
