"""Wait for a condition, and tell what was last seen when it does not come."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Only a failure takes so long; a machine that is busy with other work must not be one.
PATIENCE_SECONDS = 180.0


def wait_until(
    look: Callable[[], T],
    is_reached: Callable[[T], bool],
    *,
    timeout_seconds: float = PATIENCE_SECONDS,
    interval_seconds: float = 0.1,
) -> T:
    """Return what `look` gives once `is_reached` holds for it; fail with the last thing seen after the time-out."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        seen = look()
        if is_reached(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {timeout_seconds} s; last seen: {seen!r}")
        time.sleep(interval_seconds)
