"""What the producer's options say by themselves: all that its help needs to know."""

from include.errors import OptionError
from producer.instants import MS_PER_DAY, MS_PER_HOUR

DEFAULT_CUSTOMERS = 15
DEFAULT_RATE_HZ = 1.0
# The same customers each time, so that a second run goes on with the people of the first.
DEFAULT_SEED = 1

PERIODS = ("last-hour", "last-day")


def named_period_ms(name: str, now_ms: int) -> tuple[int, int]:
    """Return the last full hour or day before now, in UTC."""
    if name not in PERIODS:
        raise OptionError(f"no period is called {name[:60]!r}; there are {', '.join(PERIODS)}")
    length_ms = MS_PER_HOUR if name == "last-hour" else MS_PER_DAY
    end_ms = now_ms // length_ms * length_ms
    return end_ms - length_ms, end_ms
