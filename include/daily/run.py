"""Make the report of a day: read it, write its page, keep the pages that are young enough."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from psycopg import IsolationLevel

from include.daily import store
from include.daily.page import render_page
from include.daily.types import Day, DayReport
from include.db.clock import read_clock
from include.db.connect import Role, connect, readable_errors
from include.errors import FileIncompleteError
from include.quality.policy import load_quality_policy
from include.settings import Settings


def today() -> date:
    """Return the day that it is in UTC."""
    return datetime.now(UTC).date()


def read_day(settings: Settings, day: Day) -> DayReport:
    """Read everything at one instant, also while the stream runs."""
    min_coverage = load_quality_policy(settings.hourly.quality_policy).min_coverage
    with connect(settings, Role.READER) as connection, readable_errors(settings):
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        outcomes, outcomes_total = store.read_outcomes(connection, day)
        latency, latency_total = store.read_latency(connection, day)
        lag, lag_total = store.read_lag(connection, day)
        coverage, coverage_total = store.read_coverage(connection, day, min_coverage=min_coverage)
        risk, risk_total = store.read_risk(connection, day)
        reasons = store.read_reasons(connection, day)
        alarms, alarm_hours = store.read_alarms(connection, day)
        dropped, dropped_before = store.read_dropped(connection, [day, day.day_before], settings)
        return DayReport(
            day=day,
            read_at=read_clock(connection),
            dropped=dropped,
            dropped_before=dropped_before,
            outcomes=outcomes,
            outcomes_total=outcomes_total,
            latency=latency,
            latency_total=latency_total,
            lag=lag,
            lag_total=lag_total,
            hours=store.read_hours(connection, day),
            expectations=store.read_expectations(connection, day),
            reasons=reasons,
            examples=store.read_examples(connection, day, reasons),
            coverage=coverage,
            coverage_total=coverage_total,
            min_coverage=min_coverage,
            risk=risk,
            risk_total=risk_total,
            alarms=alarms,
            alarm_hours=alarm_hours,
        )


def write_report(settings: Settings, day: Day, file: Path) -> DayReport:
    """Write the page of a day into a file."""
    report = read_day(settings, day)
    _write(file, report)
    return report


def keep_report(settings: Settings, day: Day) -> DayReport:
    """Write the page of a day where pages are kept, and delete those that are too old."""
    folder = settings.stack.reports_dir
    folder.mkdir(parents=True, exist_ok=True)
    report, file = read_day(settings, day), page_file(folder, day.date)
    # Whoever reads the page meanwhile sees the old one or the new one.
    part = file.with_suffix(".part")
    _write(part, report)
    part.replace(file)
    oldest = today() - timedelta(days=settings.report.kept_days)
    for kept in kept_days(folder):
        if kept < oldest:
            page_file(folder, kept).unlink(missing_ok=True)
    return report


def page_file(folder: Path, day: date) -> Path:
    """Return where the page of a day is kept."""
    return folder / f"{day}.html"


def kept_days(folder: Path) -> list[date]:
    """Return the days whose pages are kept, the newest first."""
    found = []
    for file in folder.glob("*.html"):
        with suppress(ValueError):
            found.append(date.fromisoformat(file.stem))
    return sorted(found, reverse=True)


def _write(file: Path, report: DayReport) -> None:
    try:
        file.write_text(render_page(report), encoding="utf-8")
    except OSError as error:
        raise FileIncompleteError(path=file, problem=f"it cannot be written: {error.strerror}") from None
