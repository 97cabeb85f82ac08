"""Which fault comes when. Pure.

In the first half are those that end launches and servers; the second half has only those that leave them alive (but for
one worker), so that each process lives for half an hour in an hour's run and its growth can be seen.
"""

from dataclasses import dataclass, field
from itertools import cycle

from tests.storm.plan import Parameters

EVERY_MINUTES = 4.0
# Where a run is short, so many faults still come.
_LEAST_SLOTS = 4
HALF_OPEN_MINUTES = 10.0
_HALF_OPEN_SHARE = 1 / 6
RELEASED = "connections released"


@dataclass(frozen=True, slots=True)
class Step:
    """A kind of action of the storm, or the release of what it left half open."""

    at_seconds: float
    kind: str
    parameters: Parameters = field(default_factory=dict)


_FIRST: list[tuple[str, Parameters]] = [
    ("driver killed", {"after_ms": 0, "is_jvm": True}),
    ("connections half open", {}),
    ("broker killed", {"seconds": 5}),
    ("checkpoint deleted", {}),
    ("database stopped", {"seconds": 5}),
    ("driver killed", {"after_ms": 500, "is_jvm": False}),
    ("worker killed", {"after_ms": 0, "which": 1}),
]
_SECOND: list[tuple[str, Parameters]] = [
    ("worker killed", {"after_ms": 300, "which": 0}),
    ("sessions ended", {}),
    ("broker paused", {"seconds": 10}),
    ("launch stands still", {"seconds": 10, "is_overtaken": False}),
    ("sessions ended", {}),
    ("broker paused", {"seconds": 5}),
    ("launch stands still", {"seconds": 5, "is_overtaken": False}),
]


def schedule(minutes: float, *, every_minutes: float = EVERY_MINUTES) -> list[Step]:
    """Return the faults in their order; none comes so late that nothing could be seen after it."""
    every = min(every_minutes, minutes / _LEAST_SLOTS)
    first, second = cycle(_FIRST), cycle(_SECOND)
    slots = [every * number for number in range(1, round(minutes / every))]
    steps = [Step(60 * slot, *next(first if slot < minutes / 2 else second)) for slot in slots]
    held_minutes = min(HALF_OPEN_MINUTES, minutes * _HALF_OPEN_SHARE)
    steps += [
        Step(step.at_seconds + 60 * held_minutes, RELEASED)
        for step in steps
        if step.kind == "connections half open"
    ]
    return sorted(steps, key=lambda step: step.at_seconds)
