"""Day partitions, made before rows need them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from include.db.connect import Connection
from include.sql import query

_MICROSECONDS_PER_DAY = 86_400_000_000
_FIRST_DAY = date(1970, 1, 1)


class DayPartitions:
    """Makes day partitions, each once a process.

    On a connection of its own: the lock that it takes must not be held for the length of a transaction that stores.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[tuple[str, date]] = set()
        self._ledger_day: date | None = None

    @property
    def is_closed(self) -> bool:
        """Tell whether the session has ended or broken."""
        return bool(self._connection.closed)

    def ensure_for_events(self, event_times_us: npt.NDArray[np.int64]) -> None:
        """Make the partitions of `heartbeats` for these event times."""
        if not len(event_times_us):
            return
        first, last = (
            int(edge) // _MICROSECONDS_PER_DAY for edge in (event_times_us.min(), event_times_us.max())
        )
        for day in [first] if first == last else np.unique(event_times_us // _MICROSECONDS_PER_DAY).tolist():
            self._ensure("heartbeats", _FIRST_DAY + timedelta(days=day))

    def ensure_for_ledger(self) -> None:
        """Make the partitions of the tables that are kept by the day of recording, for today and tomorrow."""
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

    def _ensure(self, parent: str, day: date) -> None:
        if (parent, day) not in self._known:
            self._connection.execute(query("ensure_day"), {"parent": parent, "day": day})
            self._known.add((parent, day))
