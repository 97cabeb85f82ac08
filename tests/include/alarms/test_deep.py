"""How far back stored readings are read: for each customer by itself."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from include.alarms import deep, store
from include.alarms.memory import Trackers, pack_memory, unpack_memory
from include.episodes.packed import PACKED, PackedReadings
from include.episodes.policy import load_alarm_policy
from include.episodes.rules_in_force import EVER, timeline
from include.episodes.tracker import Tracker
from tests.support.plain_alarms import SECOND

RULES = timeline([(EVER, load_alarm_policy("default"))])
NEW, HERE, AWAY, GONE = (bytes([number]) * 16 for number in range(1, 5))
DAY = 86_400 * SECOND
NOW = 1_700_000_000 * SECOND
DATABASE: Any = None


class Stored:
    """Stored readings that are asked for, in the database's place."""

    def __init__(self, readings: Mapping[bytes, list[int]]) -> None:
        self.readings = readings
        self.asked: list[dict[bytes, int]] = []

    def read(self, _: object, sinces_us: Mapping[bytes, int]) -> Iterator[PackedReadings]:
        self.asked.append(dict(sinces_us))
        for customer in sorted(sinces_us):
            times = [us for us in self.readings.get(customer, []) if us >= sinces_us[customer]]
            yield np.array([(customer, us, 70) for us in times], dtype=PACKED)


def remembering(times_us: list[int]) -> Tracker:
    tracker = Tracker(RULES)
    for time_us in times_us:
        tracker.take(time_us, 70)
    tracker.settle()
    return tracker


def rebuild(
    monkeypatch: pytest.MonkeyPatch, stored: Stored, trackers: Trackers, late_us: Mapping[bytes, int]
) -> Trackers:
    monkeypatch.setattr(store, "read_readings", stored.read)
    return deep.rebuild_trackers(DATABASE, late_us, trackers, lambda _: RULES, lambda _: ())


def steadily(until_us: int, *, seconds: int = 3000) -> list[int]:
    return [until_us - seconds * SECOND + at * SECOND for at in range(0, seconds + 1, 10)]


def test_who_was_away_makes_nobody_elses_readings_be_read_that_far_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, away = steadily(NOW), [*steadily(NOW - 30 * DAY), NOW]
    stored = Stored({HERE: here, AWAY: away})
    trackers = {HERE: remembering(here), AWAY: remembering(away[:-1])}

    rebuilt = rebuild(monkeypatch, stored, trackers, {HERE: NOW, AWAY: NOW})

    assert rebuilt.keys() == {HERE, AWAY}
    assert min(asked[HERE] for asked in stored.asked if HERE in asked) > NOW - DAY
    assert min(asked[AWAY] for asked in stored.asked if AWAY in asked) < NOW - 30 * DAY
    assert rebuilt[AWAY].times_us[-2:].tolist() == away[-2:]


def test_who_is_new_is_taken_from_memory_and_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [NOW, NOW + 10 * SECOND]
    stored = Stored({NEW: times})

    rebuilt = rebuild(monkeypatch, stored, {NEW: remembering(times)}, {NEW: NOW})

    assert stored.asked == []
    assert rebuilt[NEW].times_us.tolist() == times
    assert rebuilt[NEW].known_from_us == EVER


def test_what_is_remembered_goes_on_where_nothing_is_stored_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    old = steadily(NOW)
    trackers = {GONE: remembering(old)}
    first = trackers[GONE].times_us[0]

    rebuilt = rebuild(monkeypatch, Stored({}), trackers, {GONE: NOW})

    assert rebuilt[GONE].times_us[-1] == old[-1]
    assert rebuilt[GONE].known_from_us == first


def test_from_when_on_all_is_known_is_kept_until_something_is_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker = rebuild(monkeypatch, Stored({}), {GONE: remembering(steadily(NOW))}, {GONE: NOW})[GONE]
    # Few enough that nothing of it is settled yet.
    few = Tracker(RULES)
    for time_us in tracker.times_us[-20:]:
        few.take(time_us, 70)
    few.known_from_us = few.times_us[0]
    few.settle()

    [kept] = [
        found
        for _, _, value in pack_memory({GONE: few})
        for found in unpack_memory(value, lambda _: RULES, lambda _: ()).values()
    ]
    assert kept.known_from_us == few.times_us[0]

    for time_us in steadily(NOW + DAY):
        kept.take(time_us, 70)
    kept.settle()
    assert kept.known_from_us == EVER
