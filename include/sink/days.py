"""Day partitions, made before rows need them."""

import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
from psycopg import errors

from include.db.connect import Connection
from include.db.days import ensure_day
from include.db.queries import query
from include.domain.horizon import Kept
from include.errors import ClocksApartError, SchemaOutdatedError, TransientError
from include.settings import Settings

# The database's day changes once a day, and its limits when somebody migrates it.
KEPT_LOOK_SECONDS = 30.0
# By a database that errs by days, good readings would be of days that have not come yet, or are over.
FARTHEST_APART = timedelta(hours=12)

_MICROSECONDS_PER_DAY = 86_400_000_000
_FIRST_DAY = date(1970, 1, 1)


def require_kept(connection: Connection, settings: Settings) -> None:
    """Raise SchemaOutdatedError if the database would refuse days that the settings say are kept."""
    [(kept_days,)] = connection.execute("select kept_days from time_limits").fetchall()
    needed = settings.retention_days.stored_readings
    if kept_days < needed:
        raise SchemaOutdatedError(
            detail=f"it keeps readings for {kept_days} days, by the settings it is {needed}"
        )


class DayPartitions:
    """Makes day partitions, each once per process.

    It has its own connection, since its lock must not be held for as long as a transaction that stores.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[tuple[str, date]] = set()
        self._ledger_day: date | None = None
        self._kept: Kept | None = None
        self._kept_at = 0.0

    @property
    def is_closed(self) -> bool:
        """Tell whether the session has ended or broken."""
        return bool(self._connection.closed)

    def kept(self) -> Kept:
        """Return which event times the database accepts, as of a moment ago; raise ClocksApartError if it errs."""
        if self._kept is None or time.monotonic() - self._kept_at > KEPT_LOOK_SECONDS:
            [(first, last, now)] = self._connection.execute(query("sink/select_kept_range")).fetchall()
            _require_same_time(now, datetime.now(UTC).replace(tzinfo=None))
            self._kept = Kept(_start_us(first), _start_us(last + timedelta(days=1)))
            self._kept_at = time.monotonic()
        return self._kept

    def ensure_for_events(self, event_times_us: npt.NDArray[np.int64]) -> None:
        """Make the partitions of `heartbeats` for these event times, all of them `kept`."""
        if not len(event_times_us):
            return
        first, last = (
            int(edge) // _MICROSECONDS_PER_DAY for edge in (event_times_us.min(), event_times_us.max())
        )
        for day in [first] if first == last else np.unique(event_times_us // _MICROSECONDS_PER_DAY).tolist():
            self._ensure("heartbeats", _FIRST_DAY + timedelta(days=day))

    def ensure_for_ledger(self) -> None:
        """Make today's and tomorrow's partitions of the tables that are kept by the day of recording."""
        today = datetime.now(UTC).date()
        if today == self._ledger_day:
            return
        for day in (today, today + timedelta(days=1)):  # a transaction may begin just before midnight
            self._ensure("dead_letters", day)
            self._ensure("stream_commits", day)
        self._ledger_day = today

    def close(self) -> None:
        """Close the session."""
        self._connection.close()

    def forget(self) -> None:
        """Ask the database again: retention may have dropped a day that was known."""
        self._known.clear()
        self._ledger_day = None
        self._kept = None

    def _ensure(self, parent: str, day: date) -> None:
        if (parent, day) not in self._known:
            try:
                ensure_day(self._connection, parent, day)
            except errors.DatetimeFieldOverflow:
                self.forget()
                raise TransientError(
                    f"the database does not keep the day {day}: its readings are judged anew"
                ) from None
            self._known.add((parent, day))


def _require_same_time(theirs: datetime, ours: datetime) -> None:
    if abs(theirs - ours) > FARTHEST_APART:
        raise ClocksApartError(theirs=f"{theirs:%Y-%m-%d %H:%M}", ours=f"{ours:%Y-%m-%d %H:%M}")


def _start_us(day: date) -> int:
    return (day - _FIRST_DAY).days * _MICROSECONDS_PER_DAY
