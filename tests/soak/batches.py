"""How long the stream's transactions take, seen from outside: at the proxy between it and the database.

A batch is what one transaction of a task stores: from its BEGIN to the answer to its COMMIT. The pause is the time in
which no task commits anything; the longest one shows what the change from one turn to the next costs.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from include.stream.lease import SINK_APPLICATION
from tests.support.database_proxy import DatabaseProxy, When
from tools.bench.figures import percentile

_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Batches:
    """The transactions of an interval."""

    count: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    longest_pause_ms: float | None = None


class BatchTimes:
    """Takes in statements and answers, by session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun_at: dict[int, float] = {}
        self._ended_at: float | None = None
        self._times_ms: list[float] = []
        self._pauses_ms: list[float] = []

    def note(self, session: int, statement: str, when: When, at: float) -> None:
        """Note that a statement came at this instant (in seconds), or was answered."""
        with self._lock:
            if statement == "BEGIN" and when is When.BEFORE:
                self._begun_at[session] = at
            elif statement == "COMMIT" and when is When.AFTER and session in self._begun_at:
                self._times_ms.append((at - self._begun_at.pop(session)) * _MS)
                if self._ended_at is not None:
                    self._pauses_ms.append((at - self._ended_at) * _MS)
                self._ended_at = at
            elif statement == "ROLLBACK":
                self._begun_at.pop(session, None)

    def take(self) -> Batches:
        """Return what came since the last call."""
        with self._lock:
            times, self._times_ms = self._times_ms, []
            pauses, self._pauses_ms = self._pauses_ms, []
        if not times:
            return Batches()
        return Batches(
            len(times), percentile(times, 0.5), percentile(times, 0.99), max(pauses) if pauses else None
        )


class TimingProxy(DatabaseProxy):
    """A proxy that times the transactions of the stream's tasks, and keeps no list of what came."""

    def __init__(self, host: str, port: int) -> None:
        self.times = BatchTimes()
        super().__init__(host, port)

    def _step(self, session: Any, when: When) -> bool:
        if session.name == SINK_APPLICATION and session.pending is not None:
            self.times.note(id(session), session.pending.statement, when, time.monotonic())
            self.arrived.clear()
        return super()._step(session, when)
