"""Whether the stream stands still. Pure: the clock is the database's, handed in with the facts.

The stream is judged by progress, not by a process being there: it is dead when records have waited for a while and
nothing was committed. Since when they wait is what earlier looks saw, so neither a silence before they came nor the
clock of whoever sent them counts. Without records that wait, silence is the source's.
"""

from datetime import datetime

from include.health.types import DatabaseFacts, Facts
from include.settings_groups import Health
from include.stream.lag import lag_by_partition
from include.stream.types import Lease

# Servers and launch come up within so many times HEALTH_GRACE_SECONDS, also on a slow machine.
_GRACES_OF_A_START = 4


def is_starting(database: DatabaseFacts | None, limits: Health) -> bool:
    """Tell whether no launch has shown itself since the database came up, and one is still given time to."""
    if database is None or (database.lease and database.lease.renewed_at >= database.serving_since):
        return False
    return seconds_between(database.serving_since, database.now) <= _GRACES_OF_A_START * limits.grace_seconds


def is_stalled(facts: Facts, limits: Health, *, within_seconds: float = 0) -> bool:
    """Tell whether records have waited too long while the stream, past its start, has committed nothing.

    Or whether that will be so after `within_seconds` at most, if nothing moves until then.
    """
    if not (facts.database and lag_of(facts)) or is_starting(facts.database, limits):
        return False
    lease = facts.database.lease
    if lease and seconds_between(lease.started_at, facts.database.now) <= limits.grace_seconds:
        return False
    return waited_seconds(facts.database) > limits.stall_seconds - within_seconds


def launch_to_fence(facts: Facts, limits: Health) -> Lease | None:
    """Return the launch that stands still: each launch at most once, and none that was asked to stop."""
    lease = facts.database.lease if facts.database else None
    if lease is None or lease.fenced_at or lease.stop_requested or not is_stalled(facts, limits):
        return None
    return lease


def lag_of(facts: Facts) -> int | None:
    """Return how many records have no outcome yet; None where one side could not be asked."""
    if not (facts.kafka and facts.database):
        return None
    return sum(lag_by_partition(facts.kafka.ranges, facts.database.next_offsets).values())


def waited_seconds(database: DatabaseFacts) -> float:
    """Return for how long records are known to have waited without any partition moving on."""
    return age_seconds(database.waiting_since, database.now) or 0.0


def commit_age_seconds(database: DatabaseFacts) -> float | None:
    """Return how long ago any partition of the topic moved; None if none ever did."""
    return age_seconds(database.moved_at, database.now)


def age_seconds(instant: datetime | None, now: datetime) -> float | None:
    """Return how long ago an instant was; None for none."""
    return None if instant is None else seconds_between(instant, now)


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Return the seconds from one instant to another, at least 0."""
    # Two clocks are compared in places; what comes out before its time is just now.
    return max((later - earlier).total_seconds(), 0.0)
