"""Alarm episodes of one customer, from readings in event-time order. Pure: no clock, no I/O, no logging.

An episode of a level rule begins with the first reading of a run beyond the limit, opens with the reading that makes
the run long enough, and is cleared by the reading that makes a run at the clearing limit long enough. A long distance
between readings breaks a run, never an open episode: only readings clear it. A silence begins with the reading before
it, opens once it has been too long by the stream's progress, and ends with the next reading or a noted pause.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median_low

from include.episodes.policy import Severity
from include.episodes.rules_in_force import Level, Rules, Silence, Timeline

# Of how many readings before a reading the customer's median interval is taken.
MEDIAN_READINGS = 50

# Noted pauses [start, end) in order and apart from each other; one without an end goes on.
Pauses = Sequence[tuple[int, int | None]]
FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Episode:
    """An alarm as the readings have it; instants in microseconds since 1970 UTC, `cleared_us` None while it lasts."""

    rule: str
    severity: Severity
    onset_us: int
    opened_us: int
    cleared_us: int | None
    peak_bpm: int | None
    readings: int
    policy_version: str
    limits_version: int | None


@dataclass(slots=True)
class Run:
    """What goes on under one level rule: a run beyond the limit, or (once `opened_us` is set) an episode."""

    rule: Level
    onset_us: int
    peak_bpm: int
    readings: int = 1
    opened_us: int | None = None
    calm_since_us: int | None = None

    def episode(self, cleared_us: int | None = None) -> Episode:
        """Return the episode as it stands; only for a run that has opened."""
        return Episode(
            self.rule.name,
            self.rule.severity,
            self.onset_us,
            self.opened_us or self.onset_us,
            cleared_us,
            self.peak_bpm,
            self.readings,
            self.rule.policy_version,
            self.rule.limits_version,
        )


# The runs by name of their rule; a rule under which nothing goes on is not there.
Runs = dict[str, Run]


def copy_runs(runs: Runs) -> Runs:
    """Return runs that go on independently."""
    return {name: replace(run) for name, run in runs.items()}


def median_interval_us(times_us: Sequence[int], end: int) -> int:
    """Return the median interval of the 50 readings before place `end`; 0 where there are fewer than two."""
    before = times_us[max(end - MEDIAN_READINGS, 0) : end]
    if len(before) < 2:
        return 0
    return median_low([later - earlier for earlier, later in pairwise(before)])


def step(runs: Runs, rules: Rules, times_us: Sequence[int], place: int, bpm: int) -> list[Episode]:
    """Take in the reading at `place`, all those before it being known; return the episodes that it clears."""
    time_us = times_us[place]
    gap_us = time_us - times_us[place - 1] if place else 0
    cleared = []
    for level in rules.levels:
        run = runs.get(level.name)
        if run is None:
            if level.is_beyond(bpm):
                runs[level.name] = _begin(level, time_us, bpm)
            continue
        # The median is only needed, and only asked for, where a distance is long.
        is_broken = gap_us > level.gap_us and level.breaks(gap_us, median_interval_us(times_us, place))
        if run.opened_us is None:
            _go_on(runs, run, level, time_us, bpm, is_broken=is_broken)
        elif _clears(run, level, time_us, bpm, is_broken=is_broken):
            cleared.append(runs.pop(level.name).episode(time_us))
    if not runs.keys() <= rules.level_names:
        cleared += _end_without_rule(runs, rules, time_us)
    return cleared


def silent_episodes(
    last_us: int, until_us: int, silence: Silence, median_us: int, pauses: Pauses, *, is_ended: bool
) -> list[Episode]:
    """Return the silences between a reading and `until_us`: the next reading, or else the stream's progress."""
    patience_us = silence.patience_us(median_us)
    return [
        Episode(
            silence.name,
            silence.severity,
            start,
            start + patience_us,
            end if end < until_us or is_ended else None,
            None,
            0,
            silence.policy_version,
            silence.limits_version,
        )
        for start, end in _unpaused(last_us, until_us, pauses)
        if end - start > patience_us
    ]


def next_silence_us(
    last_us: int, progress_us: int, silence: Silence, median_us: int, pauses: Pauses
) -> int | None:
    """Return past which progress a silence will open, or be ended by a pause, if no reading comes; None if never."""
    patience_us = silence.patience_us(median_us)
    for start, end in _unpaused(last_us, FOREVER, pauses):
        if end - start > patience_us:
            if progress_us <= start + patience_us:
                return start + patience_us
            if end < FOREVER and progress_us <= end:
                return end
    return None


def recompute(
    times_us: Sequence[int], bpms: Sequence[int], timeline: Timeline, pauses: Pauses, progress_us: int
) -> list[Episode]:
    """Return all episodes of a customer from all readings, in order of their time: what all else has to equal."""
    runs: Runs = {}
    episodes: list[Episode] = []
    for place, bpm in enumerate(bpms):
        if place:
            episodes += silences_between(times_us, place, times_us[place], timeline, pauses, is_ended=True)
        episodes += step(runs, timeline.at(times_us[place]), times_us, place, bpm)
    episodes += [run.episode() for run in runs.values() if run.opened_us is not None]
    if len(times_us):
        episodes += silences_between(times_us, len(times_us), progress_us, timeline, pauses, is_ended=False)
    return sorted(episodes, key=lambda episode: (episode.onset_us, episode.rule))


def silences_between(
    times_us: Sequence[int], place: int, until_us: int, timeline: Timeline, pauses: Pauses, *, is_ended: bool
) -> list[Episode]:
    """Return the silences after the reading before `place`, by the rules in force at that reading."""
    last_us = times_us[place - 1]
    rules = timeline.at(last_us)
    if until_us - last_us <= rules.quiet_us:
        return []
    median_us = median_interval_us(times_us, place)
    return [
        episode
        for silence in rules.silences
        for episode in silent_episodes(last_us, until_us, silence, median_us, pauses, is_ended=is_ended)
    ]


def _begin(level: Level, time_us: int, bpm: int) -> Run:
    return Run(level, time_us, bpm, opened_us=time_us if level.for_us == 0 else None)


def _go_on(runs: Runs, run: Run, level: Level, time_us: int, bpm: int, *, is_broken: bool) -> None:
    if not level.is_beyond(bpm):
        del runs[level.name]
    elif is_broken:
        runs[level.name] = _begin(level, time_us, bpm)
    else:
        _count(run, level, bpm)
        if time_us - run.onset_us >= level.for_us:
            run.rule, run.opened_us = level, time_us


def _clears(run: Run, level: Level, time_us: int, bpm: int, *, is_broken: bool) -> bool:
    _count(run, level, bpm)
    if not level.is_clear(bpm):
        run.calm_since_us = None
        return False
    if run.calm_since_us is None or is_broken:
        run.calm_since_us = time_us
    return time_us - run.calm_since_us >= level.clear_for_us


def _count(run: Run, level: Level, bpm: int) -> None:
    run.readings += 1
    run.peak_bpm = max(run.peak_bpm, bpm) if level.is_high else min(run.peak_bpm, bpm)


def _end_without_rule(runs: Runs, rules: Rules, time_us: int) -> list[Episode]:
    """End what goes on under rules that a newer policy no longer has."""
    gone = [runs.pop(name) for name in list(runs) if name not in rules.level_names]
    return [run.episode(time_us) for run in gone if run.opened_us is not None]


def _unpaused(start_us: int, end_us: int, pauses: Pauses) -> list[tuple[int, int]]:
    """Return what noted pauses leave of a while."""
    left = []
    for pause_start, pause_end in pauses:
        if pause_end is not None and pause_end <= start_us:
            continue
        if pause_start >= end_us:
            break
        if pause_start > start_us:
            left.append((start_us, pause_start))
        if pause_end is None:
            return left
        start_us = pause_end
    if start_us < end_us:
        left.append((start_us, end_us))
    return left
