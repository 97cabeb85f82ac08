"""When an event falls due on the wall clock."""

import math
import time
from dataclasses import dataclass

from producer.instants import MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Pace:
    """Event time `start_ms` comes at `begin_seconds` on the wall clock; without speed, all is due at once."""

    start_ms: int
    begin_seconds: float
    speed: float | None

    def reached_ms(self) -> float:
        """Return the event time that has come by now."""
        if self.speed is None:
            return math.inf
        return self.start_ms + (time.time() - self.begin_seconds) * self.speed * MS_PER_SECOND

    def seconds_until(self, due_ms: int) -> float:
        """Return how long it is until an event time comes; negative once it has."""
        if self.speed is None:
            return 0.0
        return self.begin_seconds + (due_ms - self.start_ms) / (self.speed * MS_PER_SECOND) - time.time()
