"""Which of the readings that the stream has left the evaluator has taken in."""

from dataclasses import dataclass, field

# A transaction that was open for longer than this may come to light behind the rows of others only when memory is kept.
_STRAGGLER_SECONDS = 10.0


@dataclass(slots=True)
class FreshQueue:
    """Which fresh readings were taken in since memory was kept; no row up to `floor` is asked for."""

    taken: set[int] = field(default_factory=set)
    touches: set[int] = field(default_factory=set)
    floor: int = 0
    _seen: list[tuple[float, int]] = field(default_factory=list)

    def recent(self) -> list[int]:
        """Return the rows above the floor that are not wanted again."""
        return [number for number in self.taken if number > self.floor]

    def note(self, numbers: list[int], now: float) -> None:
        """Take in what was read, and raise the floor to what is old."""
        self.taken.update(numbers)
        if numbers:
            self._seen.append((now, max(numbers)))
        while self._seen and now - self._seen[0][0] > _STRAGGLER_SECONDS:
            self.floor = max(self.floor, self._seen.pop(0)[1])
