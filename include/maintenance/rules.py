"""Which days are made in advance, and which have expired. Pure."""

from collections.abc import Iterable
from datetime import date, timedelta

from include.maintenance.types import Day
from include.settings import Settings

READINGS, DEAD_LETTERS, LEDGER = "heartbeats", "dead_letters", "stream_commits"
PARENTS = (READINGS, DEAD_LETTERS, LEDGER)
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


def days_ahead(today: date) -> list[Day]:
    """Return the partitions that should exist: those of today and the next days, for every table."""
    return [Day(parent, today + timedelta(days=n)) for parent in PARENTS for n in range(DAYS_AHEAD + 1)]


def expired_days(days: Iterable[Day], today: date, kept: dict[str, int]) -> list[Day]:
    """Return the days that ended before what their table keeps, oldest first."""
    expired = [day for day in days if day.day < today - timedelta(days=kept[day.parent])]
    return sorted(expired, key=lambda day: (day.day, day.parent))
