"""Alarm episodes: the edges of each rule by hand, and for arbitrary readings what the plain rules give."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.episodes import tracker
from include.episodes.episodes import Episode, recompute
from include.episodes.policy import load_alarm_policy
from include.episodes.rules_in_force import EVER, Limit, Timeline, timeline
from include.episodes.tracker import Taken, Tracker, rebuilt, restart_place
from tests.support.plain_alarms import SECOND, PlainEpisode, PlainRule, plain_episodes

POLICY = load_alarm_policy("default")
DEFAULT = timeline([(EVER, POLICY)])
PLAIN = [
    PlainRule("high", is_high=True, limit=140, clear=130, for_seconds=60, clear_for_seconds=30),
    PlainRule("very_high", is_high=True, limit=170, clear=160, for_seconds=30, clear_for_seconds=30),
    PlainRule("low", is_high=False, limit=40, clear=45, for_seconds=30, clear_for_seconds=30),
    PlainRule("silence", after=120),
]
START = 1_700_000_000 * SECOND


def as_plain(episodes: list[Episode]) -> list[PlainEpisode]:
    rows = [(e.rule, e.onset_us, e.opened_us, e.cleared_us, e.peak_bpm, e.readings) for e in episodes]
    return sorted(rows, key=lambda row: (row[1], row[0]))


def found(readings: list[tuple[float, int]], *, until: float | None = None) -> list[PlainEpisode]:
    """Return the episodes of readings given as (second, bpm), with all instants in seconds."""
    times = [round(second * SECOND) for second, _ in readings]
    progress = times[-1] if until is None else round(until * SECOND)
    episodes = as_plain(recompute(times, [bpm for _, bpm in readings], DEFAULT, (), progress))
    return [
        (rule, onset // SECOND, opened // SECOND, None if cleared is None else cleared // SECOND, peak, count)
        for rule, onset, opened, cleared, peak, count in episodes
    ]


def every(seconds: int, first: int, last: int, bpm: int) -> list[tuple[float, int]]:
    return [(second, bpm) for second in range(first, last + 1, seconds)]


def test_a_high_rate_opens_with_the_reading_that_makes_a_minute_full() -> None:
    assert found(every(10, 0, 50, 141)) == []
    assert found(every(10, 0, 60, 141)) == [("high", 0, 60, None, 141, 7)]
    assert found(every(10, 0, 60, 140)) == []


def test_it_is_cleared_by_half_a_minute_at_the_clearing_limit_and_not_in_between() -> None:
    alarm = every(10, 0, 60, 150)

    assert found([*alarm, *every(10, 70, 90, 130)]) == [("high", 0, 60, None, 150, 10)]
    assert found([*alarm, *every(10, 70, 100, 130)]) == [("high", 0, 60, 100, 150, 11)]
    assert found([*alarm, *every(10, 70, 200, 131)]) == [("high", 0, 60, None, 150, 21)]


def test_one_reading_between_the_limits_begins_the_clearing_anew() -> None:
    readings = [*every(10, 0, 60, 150), *every(10, 70, 90, 120), (100.0, 135), *every(10, 110, 140, 120)]

    assert found(readings) == [("high", 0, 60, 140, 150, 15)]


def test_one_odd_beat_breaks_a_run() -> None:
    assert found([*every(10, 0, 50, 150), (55.0, 100), *every(10, 60, 110, 150)]) == []


def test_a_run_survives_a_gap_of_half_a_minute_and_no_longer_one() -> None:
    assert found([*every(1, 0, 20, 150), *every(1, 50, 61, 150)]) == [("high", 0, 60, None, 150, 33)]
    assert found([(0.0, 150), (30.0, 150), (60.0, 150)]) == [("high", 0, 60, None, 150, 3)]
    assert found([*every(1, 0, 20, 150), (50.001, 150), (75.0, 150)]) == []


def test_who_sends_seldom_may_have_longer_gaps() -> None:
    seldom = every(100, 0, 1000, 80)

    assert found([*seldom, (1100.0, 150), (1400.0, 150)]) == [("high", 1100, 1400, None, 150, 2)]
    assert found([*seldom, (1100.0, 150), (1401.0, 150)]) == []


def test_a_gap_does_not_end_what_is_open() -> None:
    readings = [*every(10, 0, 60, 150), *every(10, 160, 190, 120)]

    assert found(readings) == [("high", 0, 60, 190, 150, 11)]


def test_forty_is_low_and_forty_five_clears() -> None:
    readings = [*every(10, 0, 30, 40), *every(10, 40, 70, 45)]

    assert found(readings) == [("low", 0, 30, 70, 40, 8)]
    assert found([*every(10, 0, 30, 41)]) == []


def test_silence_begins_with_the_last_reading_and_ends_with_the_next() -> None:
    assert found(every(1, 0, 10, 70), until=130) == []
    assert found(every(1, 0, 10, 70), until=131) == [("silence", 10, 130, None, None, 0)]
    assert found([*every(1, 0, 10, 70), (500.0, 70)]) == [("silence", 10, 130, 500, None, 0)]


def test_who_sends_once_a_minute_is_silent_after_five() -> None:
    assert found(every(60, 0, 600, 70), until=900) == []
    assert found(every(60, 0, 600, 70), until=901) == [("silence", 600, 900, None, None, 0)]


def test_a_pause_is_no_silence() -> None:
    times = [0, 10 * SECOND, 2000 * SECOND]
    pauses = [(100 * SECOND, 1000 * SECOND)]

    episodes = as_plain(recompute(times, [70] * 3, DEFAULT, pauses, times[-1]))

    assert episodes == [("silence", 1000 * SECOND, 1120 * SECOND, 2000 * SECOND, None, 0)]


def test_the_version_of_the_limits_in_force_when_it_opened_is_told() -> None:
    own = timeline([(EVER, POLICY)], [Limit("high", 5 * SECOND, 42, limit_bpm=100)])
    times = [second * SECOND for second in range(0, 80, 10)]

    [episode] = recompute(times, [110] * 8, own, (), times[-1])

    assert (episode.onset_us, episode.limits_version, episode.policy_version) == (
        10 * SECOND,
        42,
        "default-1",
    )


# --- for arbitrary readings

# Few distances and rates, most of them on an edge.
distances = st.sampled_from([1, 5, 10, 10, 10, 30, 31, 45, 90, 120, 121, 150, 600])
rates = st.sampled_from([35, 40, 41, 44, 45, 70, 70, 130, 131, 140, 141, 150, 160, 165, 171, 180])


@st.composite
def histories(draw: st.DrawFn, stretches: int = 12) -> dict[int, int]:
    """Return readings by time: stretches of the same rate and distance, as real ones come."""
    readings, time = {}, START
    for _ in range(draw(st.integers(0, stretches))):
        distance, rate = draw(distances), draw(rates)
        for _ in range(draw(st.integers(1, 30))):
            time += distance * SECOND
            readings[time] = rate
    return readings


limits = st.lists(
    st.one_of(
        st.builds(
            lambda second, version, bpm: Limit("high", START + second * SECOND, version, limit_bpm=bpm),
            st.integers(0, 3000),
            st.integers(1, 99),
            st.sampled_from([120, 145, 165, None]),
        ),
        st.builds(
            lambda second, version, after: Limit(
                "silence", START + second * SECOND, version, after_seconds=after
            ),
            st.integers(0, 3000),
            st.integers(1, 99),
            st.sampled_from([20, 300, None]),
        ),
    ),
    max_size=3,
    unique_by=lambda limit: limit.version,
)


@st.composite
def pause_lists(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    edges = sorted(draw(st.sets(st.integers(0, 5000), max_size=4)))
    pairs = [
        (START + start * SECOND, START + end * SECOND)
        for start, end in zip(edges[::2], edges[1::2], strict=False)
    ]
    if len(edges) % 2:
        return [*pairs, (START + edges[-1] * SECOND, None)]
    return list(pairs)


def plain_rules(own: list[Limit]) -> list[PlainRule]:
    rules = list(PLAIN)
    for limit in sorted(own, key=lambda limit: (limit.valid_from_us, limit.version)):
        if limit.rule == "silence":
            rules.append(PlainRule("silence", since=limit.valid_from_us, after=limit.after_seconds or 120))
        else:
            bpm = limit.limit_bpm or 140
            rules.append(
                PlainRule(
                    "high", limit.valid_from_us, True, bpm, bpm - 10, for_seconds=60, clear_for_seconds=30
                )
            )
    return rules


@settings(max_examples=300)
@given(histories(), limits, pause_lists(), st.integers(-200, 2000))
def test_the_episodes_are_those_of_the_plain_rules(
    readings: dict[int, int], own: list[Limit], pauses: list[tuple[int, int | None]], beyond: int
) -> None:
    times = sorted(readings)
    progress = max(readings, default=START) + beyond * SECOND

    episodes = recompute(
        times, [readings[time] for time in times], timeline([(EVER, POLICY)], own), pauses, progress
    )

    assert as_plain(episodes) == plain_episodes(readings, plain_rules(own), pauses, progress)


class Store:
    """What the evaluator does with one customer, in memory: episodes are kept when they are settled."""

    def __init__(self, rules: Timeline, pauses: list[tuple[int, int | None]]) -> None:
        self.tracker = Tracker(rules, pauses)
        self.readings: dict[int, int] = {}
        self.kept: list[Episode] = []

    def take(self, time: int, bpm: int) -> None:
        self.readings.setdefault(time, bpm)
        if self.tracker.take(time, bpm) is Taken.TOO_LATE:
            self._rebuild(time)

    def look(self, progress: int) -> list[Episode]:
        """Settle as after a look, and return all episodes."""
        since = self.tracker.settled_us
        kept = [e for e in self.kept if e.cleared_us is not None and e.cleared_us <= since]
        self.kept = [*kept, *self.tracker.episodes(progress)]
        self.tracker.settle()
        return self.kept

    def _rebuild(self, late: int) -> None:
        """Go back by so much that there is a place to begin again, or to the first reading."""
        before = min(late, self.tracker.settled_us + 1)
        for width in (600, 3600, 10**9):
            times = [time for time in sorted(self.readings) if time >= before - width * SECOND]
            bpms = [self.readings[time] for time in times]
            restart = restart_place(times, bpms, self.tracker.timeline, before)
            if restart is not None or width == 10**9:
                self.tracker = rebuilt(times, bpms, self.tracker.timeline, self.tracker.pauses, restart)
                return


@pytest.mark.parametrize("reach_us", [0, tracker.REACH_US])
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), limits, pause_lists(), st.integers(0, 2000), st.data())
def test_in_whatever_order_and_parts_readings_come_the_episodes_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
    reach_us: int,
    readings: dict[int, int],
    own: list[Limit],
    pauses: list[tuple[int, int | None]],
    beyond: int,
    data: st.DataObject,
) -> None:
    monkeypatch.setattr(tracker, "REACH_US", reach_us)
    rules = timeline([(EVER, POLICY)], own)
    times = sorted(readings)
    late = data.draw(st.lists(st.sampled_from(times), max_size=8, unique=True)) if times else []
    arrivals = [time for time in times if time not in late]
    for time in late:
        arrivals.insert(data.draw(st.integers(0, len(arrivals))), time)
    again = data.draw(st.lists(st.sampled_from(times), max_size=5)) if times else []
    for time in again:
        arrivals.insert(data.draw(st.integers(0, len(arrivals))), time)
    looks = data.draw(st.sets(st.integers(0, max(len(arrivals) - 1, 0)), max_size=6))
    progress = max(readings, default=START) + beyond * SECOND

    store = Store(rules, pauses)
    for number, time in enumerate(arrivals):
        store.take(time, readings[time])
        if number in looks:
            store.look(time)
    ended = store.look(progress)

    whole = recompute(times, [readings[time] for time in times], rules, pauses, progress)
    assert as_plain(ended) == as_plain(whole)


@settings(max_examples=300)
@given(histories(stretches=30), limits, pause_lists(), st.integers(0, 600), st.integers(0, 600))
def test_what_is_begun_anew_at_a_calm_place_goes_on_as_if_all_were_known(
    readings: dict[int, int],
    own: list[Limit],
    pauses: list[tuple[int, int | None]],
    first: int,
    later: int,
) -> None:
    rules = timeline([(EVER, POLICY)], own)
    times = sorted(readings)
    bpms = [readings[time] for time in times]
    progress = max(readings, default=START) + 1000 * SECOND
    known, rates = times[first:], bpms[first:]
    restart = restart_place(known, rates, rules, (times[first + later :] or [progress])[0])
    if restart is None:
        return

    begun = rebuilt(known, rates, rules, pauses, restart)

    whole = recompute(times, bpms, rules, pauses, progress)
    lasting = [e for e in whole if e.cleared_us is None or e.cleared_us > known[restart]]
    assert begun.settled_us == known[restart]
    assert as_plain(begun.episodes(progress)) == as_plain(lasting)
