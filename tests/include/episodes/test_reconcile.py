"""What becomes of stored alarms: the transitions of each correction, and that nothing follows where all is right."""

from hypothesis import given
from hypothesis import strategies as st

from include.episodes.episodes import Episode
from include.episodes.policy import Severity
from include.episodes.reconcile import reconcile
from include.episodes.types import Change, State, Stored, Transition


def episode(onset: int, cleared: int | None = None, *, rule: str = "high", readings: int = 5) -> Episode:
    return Episode(rule, Severity.WARNING, onset, onset + 60, cleared, 150, readings, "p", None)


def kinds(stored: list[Episode], wanted: list[Episode]) -> list[tuple[int | None, list[str]]]:
    known = [Stored(number, each) for number, each in enumerate(stored, start=1)]
    return [
        (change.alarm_id, [transition.value for transition in change.transitions])
        for change in reconcile(known, wanted)
    ]


def test_each_correction_has_its_transition() -> None:
    assert kinds([], [episode(0)]) == [(None, ["opened"])]
    assert kinds([], [episode(0, 100)]) == [(None, ["opened", "cleared"])]
    assert kinds([episode(0)], [episode(0, 100)]) == [(1, ["cleared"])]
    assert kinds([episode(0, 100)], [episode(0)]) == [(1, ["reopened"])]
    assert kinds([episode(0, 100)], [episode(0, 120)]) == [(1, ["revised"])]
    assert kinds([episode(10)], [episode(0)]) == [(1, ["revised"])]
    assert kinds([episode(10)], [episode(0, 100)]) == [(1, ["revised", "cleared"])]
    assert kinds([episode(0)], []) == [(1, ["retracted"])]
    assert kinds([episode(0)], [episode(0, readings=6)]) == [(1, [])]
    assert kinds([episode(0)], [episode(0)]) == []


def test_two_that_become_one_are_a_retraction_and_a_correction() -> None:
    assert kinds([episode(0, 100), episode(200)], [episode(0)]) == [(2, ["retracted"]), (1, ["reopened"])]


def test_one_that_becomes_two_is_a_correction_and_a_beginning() -> None:
    assert kinds([episode(0)], [episode(0, 100), episode(200)]) == [(1, ["cleared"]), (None, ["opened"])]


def test_what_began_before_the_known_readings_is_left_as_it_is() -> None:
    old = [Stored(1, episode(0, 500)), Stored(2, episode(600))]

    assert reconcile(old, [episode(400, 500)], known_from_us=400) == [
        Change(2, episode(600), State.RETRACTED, (Transition.RETRACTED,))
    ]


def test_of_what_retention_has_deleted_no_alarm_begins_again() -> None:
    over, lasting, stored = episode(0, 100), episode(200), episode(50, 120, rule="low")

    assert reconcile([Stored(1, stored)], [over, lasting, stored], kept_from_us=150) == [
        Change(None, lasting, State.OPEN, (Transition.OPENED,))
    ]


@st.composite
def apart(draw: st.DrawFn) -> list[Episode]:
    """Return episodes of two rules, those of one rule apart from each other and only the last one open."""
    episodes = []
    for rule in ("high", "low"):
        edges = sorted(draw(st.sets(st.integers(0, 40), max_size=7)))
        pairs = zip(edges[::2], [*edges[1::2], None], strict=False)
        episodes += [
            episode(10 * start, None if end is None else 10 * end, rule=rule) for start, end in pairs
        ]
    return episodes


@given(apart(), apart())
def test_whatever_stands_becomes_what_is_wanted_and_then_rests(
    stored: list[Episode], wanted: list[Episode]
) -> None:
    known = dict(enumerate(stored))
    after = dict(known)
    for change in reconcile([Stored(*pair) for pair in known.items()], wanted):
        number = len(after) + 100 if change.alarm_id is None else change.alarm_id
        if change.state is State.RETRACTED:
            del after[number]
        else:
            after[number] = change.episode
            assert (change.state is State.OPEN) == (change.episode.cleared_us is None)

    assert sorted(after.values(), key=str) == sorted(wanted, key=str)
    assert reconcile([Stored(*pair) for pair in after.items()], wanted) == []
