"""How long to wait before the stream is launched again. Pure: the clock comes in as a value.

A single launch that ends early may have been killed, and readings are waiting: the next one follows at once. Only if
several launches in a row end early is something wrong that another launch may not fix, and each waits longer.
"""

from dataclasses import dataclass

FIRST_WAIT_SECONDS = 10.0
# Records are waiting in the meantime, so even a stream that keeps failing is tried again after this long.
LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Launched:
    """When a launch began (Unix time), and how many launches in a row before it had ended early."""

    at: float
    short_lives: int = 0


def short_lives_before(last: Launched | None, now: float, *, healthy_seconds: float) -> int:
    """Return how many launches in a row, including the last, ended within `healthy_seconds`."""
    if last is None or not 0 <= now - last.at < healthy_seconds:
        return 0
    return last.short_lives + 1


def wait_seconds(short_lives: int) -> float:
    """Return the wait before the next launch: none after one early end, then doubling up to a limit."""
    if short_lives < 2:
        return 0.0
    # Bounded before it is raised to a power: the count itself has no bound.
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(short_lives - 2, 10), LONGEST_WAIT_SECONDS)
