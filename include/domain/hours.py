"""Hours as instants: UTC without a zone, as the columns are. Pure."""

from datetime import datetime, timedelta

from include.domain.instants import as_utc
from include.errors import OptionError

HOUR = timedelta(hours=1)


def as_hour(instant: datetime | str) -> datetime:
    """Return the hour that begins at `instant` (ISO 8601, UTC if it has no zone)."""
    try:
        hour = as_utc(instant)
    except ValueError:
        raise OptionError(f"{str(instant)!r} is not an hour: write it as 2026-01-31T14:00") from None
    if hour != hour.replace(minute=0, second=0, microsecond=0):
        raise OptionError(f"{hour} is not the beginning of an hour: write it as 2026-01-31T14:00")
    return hour


def hour_name(hour: datetime) -> str:
    """Return how an hour is called wherever people read of it; `as_hour` reads it back."""
    return f"{hour:%Y-%m-%dT%H:00}Z"


def last_full_hour(now: datetime) -> datetime:
    """Return the last hour that has ended by `now`."""
    return now.replace(minute=0, second=0, microsecond=0) - HOUR
