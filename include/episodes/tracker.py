"""What the evaluator remembers of one customer: the newest readings, and the runs before them.

A reading in order costs a comparison or two. A late one that still lies among the remembered readings is put in its
place, and what follows is taken in again from the *mark* before it: a place at which it is known what went on. The
first mark is the anchor. Whatever is older needs the customer's stored readings (`restart_place`, `rebuilt`). Pure.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from enum import IntEnum

from include.episodes.episodes import (
    MEDIAN_READINGS,
    Episode,
    Pauses,
    Runs,
    copy_runs,
    median_interval_us,
    next_silence_us,
    silences_between,
    step,
)
from include.episodes.rules_in_force import EVER, MICROSECONDS, Timeline

# There is a mark after every so many readings.
MARK_READINGS = 32
# How late a reading may be, by the newest one, to be put in its place here; for who sends very often, it is less.
REACH_US = 600 * MICROSECONDS
MOST_READINGS = 2048

_NOTHING: Runs = {}


class Taken(IntEnum):
    """What became of a reading: nothing to do, the customer's episodes may have changed, or it is too late for here."""

    QUIETLY = 0
    WITH_EPISODES = 1
    TOO_LATE = 2


class Tracker:
    """One customer. `settled_us`: what was cleared until then has been reconciled and is remembered no more.

    `closed` are the episodes cleared since. A mark is a place, the number of readings before it, and the runs there.
    `known_from_us`: what began before the first reading that is known is left as it was; it matters until something
    is settled.
    """

    __slots__ = (
        "bpms",
        "closed",
        "is_pending",
        "known_from_us",
        "marks",
        "pauses",
        "runs",
        "settled_us",
        "timeline",
        "times_us",
    )

    def __init__(self, timeline: Timeline, pauses: Pauses = ()) -> None:
        self.timeline = timeline
        self.pauses = pauses
        self.times_us = array("q")
        self.bpms = bytearray()
        self.runs: Runs = {}
        self.closed: list[Episode] = []
        self.marks: list[tuple[int, Runs]] = [(0, _NOTHING)]
        self.settled_us = EVER
        self.known_from_us = EVER
        self.is_pending = False

    @property
    def unsettled_us(self) -> int:
        """Return from when on there may be something that has not been reconciled."""
        if self.settled_us > EVER:
            return self.settled_us + 1
        onsets = [episode.onset_us for episode in self.closed]
        onsets += [run.onset_us for run in self.marks[0][1].values()]
        return min([*self.times_us[:1], *onsets], default=EVER)

    @property
    def anchor_at(self) -> int:
        """Return how many of the remembered readings are settled."""
        return self.marks[0][0]

    @property
    def anchor_us(self) -> int:
        """Return the time of the newest settled reading: one that is older is too late."""
        return self._mark_us(0)

    def take(self, time_us: int, bpm: int) -> Taken:
        """Take in one reading; a repeated one changes nothing."""
        if self.times_us and time_us <= self.times_us[-1]:
            return self._take_late(time_us, bpm)
        is_eventful = self._append(time_us, bpm)
        if is_eventful:
            self.is_pending = True
        if len(self.times_us) - self.marks[-1][0] >= MARK_READINGS:
            self._mark()
            self._move_anchor()
        return Taken.WITH_EPISODES if is_eventful else Taken.QUIETLY

    def episodes(self, progress_us: int) -> list[Episode]:
        """Return the episodes that were not cleared by `settled_us`."""
        lasting = [run.episode() for run in self.runs.values() if run.opened_us is not None]
        return [*self.closed, *lasting, *self._silences(progress_us)]

    def next_check_us(self, progress_us: int) -> int | None:
        """Return past which progress to look for a silence if no reading comes; None where that changes nothing."""
        if not self.times_us:
            return None
        rules = self.timeline.at(self.times_us[-1])
        median_us = median_interval_us(self.times_us, len(self.times_us))
        instants = (
            next_silence_us(self.times_us[-1], progress_us, silence, median_us, self.pauses)
            for silence in rules.silences
        )
        return min((instant for instant in instants if instant is not None), default=None)

    def settle(self) -> None:
        """Forget the episodes that are over; call it once they are stored."""
        self.is_pending = False
        self.settled_us = self.anchor_us
        if self.settled_us > EVER:
            self.known_from_us = EVER
        if self.closed:
            self.closed = [episode for episode in self.closed if (episode.cleared_us or 0) > self.settled_us]

    def resume(self, anchor_at: int, anchor_runs: Runs) -> None:
        """Go on as a tracker with the same readings and this anchor did once it was settled."""
        self.marks = [(anchor_at, anchor_runs)]
        self._take_again(0)
        self.settle()

    def is_silent(self, progress_us: int) -> bool:
        """Tell whether there was a silence since the newest reading."""
        return bool(self._silences(progress_us))

    def _append(self, time_us: int, bpm: int) -> bool:
        """Take in the newest reading; return whether there is an episode, or was one until now."""
        times_us, place = self.times_us, len(self.times_us)
        rules = self.timeline.at(time_us)
        times_us.append(time_us)
        self.bpms.append(bpm)
        count = len(self.closed)
        # Whether a silence was long enough is a question to the rules at its beginning.
        if place and time_us - times_us[place - 1] > self.timeline.at(times_us[place - 1]).quiet_us:
            self.closed += silences_between(
                times_us, place, time_us, self.timeline, self.pauses, is_ended=True
            )
        if not self.runs and rules.calm_from_bpm <= bpm <= rules.calm_to_bpm:
            return len(self.closed) > count
        self.closed += step(self.runs, rules, times_us, place, bpm)
        return len(self.closed) > count or self._has_episode()

    def _take_late(self, time_us: int, bpm: int) -> Taken:
        place = bisect_left(self.times_us, time_us)
        if self.times_us[place] == time_us:
            return Taken.QUIETLY
        if time_us < self.anchor_us:
            return Taken.TOO_LATE
        number = max(at for at in range(len(self.marks)) if self.marks[at][0] <= place)
        self.times_us.insert(place, time_us)
        self.bpms.insert(place, bpm)
        self._take_again(number)
        self.is_pending = True
        return Taken.WITH_EPISODES

    def _take_again(self, number: int) -> None:
        """Take in all readings after a mark once more."""
        start, runs = self.marks[number]
        times_us, bpms = self.times_us[start:], self.bpms[start:]
        del self.times_us[start:], self.bpms[start:], self.marks[number + 1 :]
        mark_us = self._mark_us(number)
        self.closed = [episode for episode in self.closed if (episode.cleared_us or 0) <= mark_us]
        self.runs = copy_runs(runs)
        for time_us, bpm in zip(times_us, bpms, strict=True):
            self._append(time_us, bpm)
            if len(self.times_us) - self.marks[-1][0] >= MARK_READINGS:
                self._mark()

    def _mark(self) -> None:
        self.marks.append((len(self.times_us), copy_runs(self.runs) if self.runs else _NOTHING))

    def _mark_us(self, number: int) -> int:
        """Return the time of the newest reading before a mark."""
        place = self.marks[number][0]
        return self.times_us[place - 1] if place else EVER

    def _move_anchor(self) -> None:
        """Let go of what is too old to be corrected here, but for the readings that the next medians need."""
        newest_us, count, marks = self.times_us[-1], len(self.times_us), self.marks
        # The newest mark is no anchor: a reading that overtakes a few others is no late one.
        while len(marks) > 2 and (
            newest_us - self._mark_us(1) >= REACH_US or count - marks[1][0] >= MOST_READINGS
        ):
            del marks[0]
        surplus = marks[0][0] - MEDIAN_READINGS
        if surplus >= MARK_READINGS:
            del self.times_us[:surplus], self.bpms[:surplus]
            self.marks = [(place - surplus, runs) for place, runs in marks]
        if not self.is_pending:
            self.settle()

    def _silences(self, progress_us: int) -> list[Episode]:
        if not self.times_us:
            return []
        place = len(self.times_us)
        return silences_between(self.times_us, place, progress_us, self.timeline, self.pauses, is_ended=False)

    def _has_episode(self) -> bool:
        return any(run.opened_us is not None for run in self.runs.values())


def restart_place(
    times_us: Sequence[int], bpms: Sequence[int], timeline: Timeline, before_us: int
) -> int | None:
    """Return the last place before an instant at which nothing can go on under any rule, whatever came before.

    That is where a run at all clearing limits has been long enough for each of them: an episode is over by then, and
    no reading of the run was beyond a limit. The first 50 readings only serve for the median. None if there is none.
    """
    found, calm_since = None, dict[str, int]()
    for place in range(MEDIAN_READINGS, len(times_us)):
        time_us, bpm = times_us[place], bpms[place]
        if time_us >= before_us:
            break
        gap_us = time_us - times_us[place - 1]
        levels = timeline.at(time_us).levels
        for level in levels:
            is_beyond_or_between = not level.is_clear(bpm) or level.is_beyond(bpm)
            if is_beyond_or_between:
                calm_since.pop(level.name, None)
                continue
            is_broken = gap_us > level.gap_us and level.breaks(gap_us, median_interval_us(times_us, place))
            if is_broken:
                calm_since[level.name] = time_us
            calm_since.setdefault(level.name, time_us)
        if all(
            level.name in calm_since and time_us - calm_since[level.name] >= level.clear_for_us
            for level in levels
        ):
            found = place
    return found


def rebuilt(
    times_us: Sequence[int], bpms: Sequence[int], timeline: Timeline, pauses: Pauses, restart: int | None
) -> Tracker:
    """Return a tracker that has taken in these readings, from behind place `restart` on; from the first where None."""
    tracker = Tracker(timeline, pauses)
    first = 0
    if restart is not None:
        first = restart + 1
        context = max(first - MEDIAN_READINGS, 0)
        tracker.times_us.extend(times_us[context:first])
        tracker.bpms.extend(bpms[context:first])
        tracker.marks = [(len(tracker.times_us), _NOTHING)]
        tracker.settled_us = tracker.anchor_us
    # All that is cleared from here on is to be reconciled, however far the anchor moves meanwhile.
    tracker.is_pending = True
    for time_us, bpm in zip(times_us[first:], bpms[first:], strict=True):
        tracker.take(time_us, bpm)
    return tracker
