"""What the figures of a day mean. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from include.daily.types import AlarmCount, Day, DayReport, Expectation, Latency, Risk
from include.domain.latency import usual_percentiles_ms
from include.domain.words import counted
from include.errors import OptionError
from include.maintenance.rules import LEDGER, READINGS, WITH_READINGS

TREND_DAYS = 14
# What a report tells of the tables whose old rows are deleted.
_PRUNED = ("alarms", "customer_hourly", "health_checks", *sorted(WITH_READINGS))
_FIRST_DAY = date(1970, 1, 1)

# expectation, severity, day, judged, failed, least, most
ExpectationRow = tuple[str, str, date, int, int, float | None, float | None]


def as_day(text: str, *, today: date) -> Day:
    """Return the day that a text names; raise OptionError for none, and for one that has not begun."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day and no instant
    except ValueError:
        raise OptionError(f"{text!r} is not a day: write it as 2026-01-31") from None
    if not _FIRST_DAY <= day <= today:
        raise OptionError(f"{text} is not a day that can be told of: choose one from {_FIRST_DAY} to {today}")
    return Day(day)


def latencies(rows: Iterable[tuple[datetime, int, int]]) -> tuple[list[Latency], Latency]:
    """Return the percentiles of each hour that has records, and those of all, from hour, bucket, records."""
    by_hour: dict[datetime, Counter[int]] = {}
    for hour, bucket, records in rows:
        by_hour.setdefault(hour, Counter())[bucket] += records
    whole: Counter[int] = sum(by_hour.values(), Counter())
    return [_latency(hour, counts) for hour, counts in by_hour.items()], _latency(None, whole)


def expectations(rows: Iterable[ExpectationRow], day: Day) -> list[Expectation]:
    """Return how each expectation of the day fared, the worst first, with its days before."""
    days = [day.date - timedelta(days=back) for back in reversed(range(TREND_DAYS))]
    failed: dict[tuple[str, str], Counter[date]] = {}
    today: dict[tuple[str, str], tuple[int, int, float | None, float | None]] = {}
    for name, severity, when, judged, fails, least, most in rows:
        failed.setdefault((name, severity), Counter())[when] = fails
        if when == day.date:
            today[name, severity] = (judged, fails, least, most)
    found = [
        Expectation(
            name,
            severity,
            judged,
            fails,
            failed[name, severity][days[-2]],
            least,
            most,
            tuple(failed[name, severity][when] for when in days),
        )
        for (name, severity), (judged, fails, least, most) in today.items()
    ]
    return sorted(found, key=lambda one: (-one.failed, one.severity, one.name))


def pruned(day: Day, first_kept: Mapping[str, datetime], dropped: Collection[str]) -> list[str]:
    """Return the tables whose rows of that day are old enough to go, given the first instant that stays of each.

    What goes with the readings of its day is there for as long as these are not among the tables that were dropped.
    """
    old = [table for table in _PRUNED if day.since < first_kept[table]]
    return [table for table in old if table not in WITH_READINGS or READINGS in dropped]


def total_risk(hours: Sequence[Risk]) -> Risk:
    """Return the sums."""
    return Risk(
        None,
        sum(hour.normal for hour in hours),
        sum(hour.elevated for hour in hours),
        sum(hour.high for hour in hours),
    )


def verdict(report: DayReport) -> str:
    """Say in a sentence or two what matters most."""
    states, total = report.states, report.outcomes_total
    is_counted = LEDGER not in report.dropped
    if not report.told_hours and not total.records:
        came_in = "Nothing came in" if is_counted else "Of what came in retention has dropped the counts"
        return f"{came_in}, and no hour of the day has readings."
    published = f"{states['published']} of {counted(len(report.told_hours), 'hour')} with readings published"
    others = [f"{states[state]} {state}" for state in ("withheld", "reopened", "open") if states[state]]
    accepted = [f"{report.accepted_hours} accepted by a person"] if report.accepted_hours else []
    share = f"{total.quarantined / total.records:.2%}" if total.records else "none"
    lost = f" {counted(total.gap, 'record')} had gone from Kafka before they were read." if total.gap else ""
    came_in = (
        f"Of {counted(total.records, 'record')} that came in, {share} were quarantined.{lost}"
        if is_counted
        else "Of what came in retention has dropped the counts."
    )
    alarms = "" if "alarms" in report.dropped else _alarms(report.alarms)
    return f"{', '.join([published, *others, *accepted])}. {came_in}{alarms}"


def message(report: DayReport) -> str:
    """Return the verdict in a line for whoever is told of the report."""
    p99_ms = report.latency_total.p99_ms
    pace = f" Latency p99 {p99_ms:,.0f} ms." if p99_ms is not None else ""
    return f"{report.day}: {verdict(report)}{pace}"


def _alarms(alarms: Sequence[AlarmCount]) -> str:
    opened, still_open = sum(one.alarms for one in alarms), sum(one.open for one in alarms)
    if not opened:
        return ""
    return f" {counted(opened, 'alarm')} opened" + (f", {still_open} still open." if still_open else ".")


def _latency(hour: datetime | None, counts: Counter[int]) -> Latency:
    return Latency(hour, *usual_percentiles_ms(counts))
