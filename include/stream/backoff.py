"""How long to wait before the stream is launched again. Pure: the clock comes in as a value.

One launch that ends soon may have been killed, and readings wait: the next follows at once. Only when launches
end soon one after the other is something wrong that another launch may not mend, and each waits longer.
"""

from dataclasses import dataclass

FIRST_WAIT_SECONDS = 10.0
# Records wait meanwhile: a stream that is needed is tried again this soon, however often it has failed.
LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Launched:
    """A launch: when (Unix time), and how many before it had ended soon, one after the other."""

    at: float
    short_lives: int = 0


def short_lives_before(last: Launched | None, now: float, *, healthy_seconds: float) -> int:
    """Return how many launches in a row have ended within `healthy_seconds`, the last one included."""
    if last is None or not 0 <= now - last.at < healthy_seconds:
        return 0
    return last.short_lives + 1


def wait_seconds(short_lives: int) -> float:
    """Return the wait before the next launch: none after one short life, then up to twice as long each time."""
    if short_lives < 2:
        return 0.0
    # Bounded before it is raised to a power: the count itself has no bound.
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(short_lives - 2, 10), LONGEST_WAIT_SECONDS)
