"""Which days are made in advance, and which have expired. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from include.maintenance.types import Day
from include.settings import Settings

READINGS, DEAD_LETTERS, LEDGER = "heartbeats", "dead_letters", "stream_commits"
PARENTS = (READINGS, DEAD_LETTERS, LEDGER)
# Who was held back and what a person accepted goes no sooner than the readings of its day.
WITH_READINGS = frozenset({"held_back_customers", "accepted_failures"})
# A run or two may be missed before the stream has to make a day itself.
DAYS_AHEAD = 3


def kept_days(settings: Settings) -> dict[str, int]:
    """Return for how many days each table keeps its rows.

    A record that has waited in Kafka is judged by its own time, so a reading can be accepted that much later than
    READINGS_RETENTION_DAYS says. Its day must still exist then: otherwise it would be the only reading of its day, and
    its hour would no longer agree with what was published.
    """
    return {
        READINGS: settings.retention_days.stored_readings,
        DEAD_LETTERS: settings.retention_days.dead_letters,
        LEDGER: settings.retention_days.ledger,
    }


def kept_summary_days(settings: Settings) -> int:
    """Return for how many days each customer's hourly sums are kept: never shorter than the readings behind them."""
    return max(settings.retention_days.summaries, kept_days(settings)[READINGS])


def first_kept(settings: Settings, now: datetime, reading_days: Iterable[date]) -> dict[str, datetime]:
    """Return the first instant that stays of each table whose old rows are deleted, given the days that readings have.

    Alarms, and what was told of them, go with the readings that they are of. An expired day that had to stay still
    speaks for its alarms: a late reading would bring them back, and tell them.
    """
    today = now.date()
    results = now - timedelta(days=settings.retention_days.checks)
    sums = _begin(today - timedelta(days=kept_summary_days(settings)))
    readings = _begin(min([*reading_days, today - timedelta(days=kept_days(settings)[READINGS])]))
    return {
        **dict.fromkeys(("health_checks", "notices", "quality_runs", "hour_ends"), results),
        **dict.fromkeys(("customer_hourly", "customer_hourly_alarms", *sorted(WITH_READINGS)), sums),
        **dict.fromkeys(("alarms", "messages", "alarm_touches"), readings),
    }


def days_ahead(today: date) -> list[Day]:
    """Return the partitions that should exist: those of today and the next days, for every table."""
    return [Day(parent, today + timedelta(days=n)) for parent in PARENTS for n in range(DAYS_AHEAD + 1)]


def expired_days(days: Iterable[Day], today: date, kept: dict[str, int]) -> list[Day]:
    """Return the days that ended before what their table keeps, oldest first."""
    expired = [day for day in days if day.day < today - timedelta(days=kept[day.parent])]
    return sorted(expired, key=lambda day: (day.day, day.parent))


def _begin(day: date) -> datetime:
    return datetime.combine(day, time())
