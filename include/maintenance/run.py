"""The daily jobs. Each can be repeated at any time, and none holds up the stream for more than a moment."""

from collections import Counter
from datetime import date, timedelta

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
    kept_summary_days,
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
        now = read_clock(connection)
        before = now - timedelta(days=settings.retention_days.checks)
        summed = now.date() - timedelta(days=kept_summary_days(settings))
        pruned = {
            "health_checks": store.prune_aged(connection, "health_checks", before),
            "notices": store.prune(connection, "delete_notices", before),
            "quality_runs": store.prune(connection, "delete_quality_runs", before),
            "customer_hourly": store.prune_customer_hours(connection, summed),
            "held_back_customers": _prune_held_back(connection, summed),
            "accepted_failures": store.prune_accepted(connection, summed),
            "hour_ends": store.prune_aged(connection, "hour_ends", before),
            "customer_hourly_alarms": store.prune_aged(connection, "customer_hourly_alarms", summed),
            **_prune_alarms(settings, connection, now.date()),
        }
    log.info("results_pruned", **pruned)
    return pruned


def refresh_statistics(settings: Settings) -> None:
    """Refresh the statistics of each partitioned table as a whole, which autovacuum never does."""
    with connect(settings, Role.HOURLY, autocommit=True) as connection, readable_errors(settings):
        for parent in PARENTS:
            connection.execute("select refresh_statistics(%s)", [parent])
    log.info("statistics_refreshed", tables=list(PARENTS))


def _prune_alarms(settings: Settings, connection: Connection, today: date) -> dict[str, int]:
    """Delete alarms and what was told of them with the readings that they are of."""
    days = [day.day for day in store.list_days(connection, READINGS)]
    # An expired day that had to stay still speaks for its alarms: a late reading would bring them back, and tell them.
    before = min([*days, today - timedelta(days=kept_days(settings)[READINGS])])
    return {
        "alarms": store.prune(connection, "delete_alarms", before),
        "messages": store.prune_aged(connection, "messages", before),
        "alarm_touches": store.prune_aged(connection, "alarm_touches", before),
    }


def _prune_held_back(connection: Connection, before: date) -> int:
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
