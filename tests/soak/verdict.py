"""What the samples come to: is the memory flat, does a batch take longer and longer? Pure.

The rules, as docs/faults.md states them:

- **Memory.** Of each kind of process, in the last three quarters of the run, those samples are taken whose processes
  are older than the warm-up. Two lines are laid through them: one whose slope all lives have in common, each from its
  own level, so that a restart cannot hide what grows; and one through all of them, which shows what a life takes over
  from the last one. The steeper one is the growth, in MB an hour.
- **Batch time.** The median over the last quarter of the samples is compared with that over the second quarter.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.soak.notes import Course, Sample

MOST_GROWTH_MB_PER_HOUR = 100.0
MOST_BATCH_RATIO = 1.25
# Until then heaps fill, and idle workers are let go.
WARM_UP_SECONDS = 600.0
# Less than this tells nothing about an hour; a shorter run is not judged by it.
LEAST_JUDGED_MINUTES = 20.0
# Where a server is away, or the machine busy, a look takes longer.
LEAST_SEEN_SHARE = 0.5
_LEAST_SPAN_SECONDS = 300.0
_SECONDS_PER_HOUR = 3600.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the verdict; `is_good` is None where the run was too short to judge."""

    what: str
    is_good: bool | None
    words: str


def judge_course(course: Course) -> list[Finding]:
    """Return whether enough was seen, and a finding for each kind of process and of batch time."""
    samples = course.samples
    is_long = float(course.begin["minutes"]) >= LEAST_JUDGED_MINUTES
    kinds = dict.fromkeys(kind for sample in samples for kind in sample.memory)
    return [
        _judge_samples(course),
        *(_judge_memory(kind, samples, is_long=is_long) for kind in kinds),
        _judge_time("batch time", samples, lambda sample: sample.batch_p50_ms, is_long=is_long),
        _judge_time("longest pause", samples, lambda sample: sample.longest_pause_ms, is_long=is_long),
    ]


def is_red(findings: Iterable[Finding]) -> bool:
    """Tell whether one of them is bad."""
    return any(finding.is_good is False for finding in findings)


def growth_mb_per_hour(samples: Sequence[Sample], kind: str) -> float | None:
    """Return how fast the memory of a kind of process grows; None where no life was long enough."""
    begin = samples[-1].at_seconds / 4 if samples else 0.0
    lives: dict[str, list[Point]] = defaultdict(list)
    for sample in samples:
        memory = sample.memory.get(kind)
        if memory is not None and sample.at_seconds >= begin and memory.age_seconds >= WARM_UP_SECONDS:
            lives[memory.life].append((sample.at_seconds, memory.megabytes))
    if sum(points[-1][0] - points[0][0] for points in lives.values()) < _LEAST_SPAN_SECONDS:
        return None
    every_point = [point for points in lives.values() for point in points]
    return _SECONDS_PER_HOUR * max(_common_slope(lives.values()), _common_slope([every_point]))


def time_ratio(samples: Sequence[Sample], time_of: Callable[[Sample], float | None]) -> float | None:
    """Return the median of the last quarter over that of the second; None where one of them saw nothing."""
    end = samples[-1].at_seconds if samples else 0.0
    second = _median(samples, time_of, end / 4, end / 2)
    last = _median(samples, time_of, end * 3 / 4, end)
    return last / second if second and last else None


def _judge_samples(course: Course) -> Finding:
    """Say whether somebody looked all the while."""
    due, seen = int(60 * course.begin["minutes"] / course.begin["every_seconds"]), len(course.samples)
    return Finding("samples", seen >= LEAST_SEEN_SHARE * due, f"{seen} of {due}")


def _judge_memory(kind: str, samples: Sequence[Sample], *, is_long: bool) -> Finding:
    what, growth = f"memory of {kind}", growth_mb_per_hour(samples, kind)
    level = statistics.median(sample.memory[kind].megabytes for sample in samples if kind in sample.memory)
    if growth is None:
        return _unknown(
            what, f"{level:,.0f} MB; no process lived long enough to tell its growth", is_long=is_long
        )
    words = f"{level:,.0f} MB, {growth:+,.1f} MB an hour (at most {MOST_GROWTH_MB_PER_HOUR:,.0f})"
    return Finding(what, growth <= MOST_GROWTH_MB_PER_HOUR if is_long else None, words)


def _unknown(what: str, words: str, *, is_long: bool) -> Finding:
    """Return what could not be seen: in a long run that is bad, or a verdict would be good for want of samples."""
    return Finding(what, False if is_long else None, words)


def _judge_time(
    what: str, samples: Sequence[Sample], time_of: Callable[[Sample], float | None], *, is_long: bool
) -> Finding:
    ratio = time_ratio(samples, time_of)
    if ratio is None:
        return _unknown(what, "too few batches to tell", is_long=is_long)
    median = _median(samples, time_of, 0.0, samples[-1].at_seconds)
    words = f"{median:,.1f} ms; in the last quarter {ratio:.2f} times that of the second (at most {MOST_BATCH_RATIO})"
    return Finding(what, ratio <= MOST_BATCH_RATIO if is_long else None, words)


def _median(
    samples: Iterable[Sample], time_of: Callable[[Sample], float | None], begin: float, end: float
) -> float | None:
    found = [time_of(sample) for sample in samples if begin <= sample.at_seconds <= end]
    values = [value for value in found if value is not None]
    return statistics.median(values) if values else None


def _common_slope(lives: Iterable[Sequence[Point]]) -> float:
    """Return the slope by least squares that lines of all lives have in common, each at a height of its own."""
    together = squares = 0.0
    for points in lives:
        middle_x, middle_y = (statistics.fmean(values) for values in zip(*points, strict=True))
        together += sum((x - middle_x) * (y - middle_y) for x, y in points)
        squares += sum((x - middle_x) ** 2 for x, _ in points)
    return together / squares if squares else 0.0
