"""The same seed gives the same actions; each kind has its share, and each action something to change."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.storm.kinds import KINDS
from tests.storm.model import Model
from tests.storm.plan import EACH_AT_LEAST, Step, draw, from_text, playable, to_text

SEEDS = st.integers(-(2**63), 2**63)
HALF_AN_HOUR = 30


@given(SEEDS)
def test_half_an_hour_has_150_actions_and_each_kind_three_times(seed: int) -> None:
    steps = draw(seed, HALF_AN_HOUR, KINDS)

    counts = Counter(step.kind for step in steps)
    assert len(steps) == 150
    assert counts.keys() == KINDS.keys()
    assert min(counts.values()) >= EACH_AT_LEAST


@given(SEEDS, st.floats(0.1, 60))
def test_a_seed_gives_the_same_list_each_time_and_as_a_file(seed: int, minutes: float) -> None:
    steps = draw(seed, minutes, KINDS)

    assert draw(seed, minutes, KINDS) == steps
    assert from_text(to_text(steps)) == steps
    assert steps[-1].is_awaited


def test_another_seed_gives_another_list() -> None:
    assert len({to_text(draw(seed, 2, KINDS)) for seed in range(20)}) == 20


@given(SEEDS, st.floats(0.1, 60), st.data())
def test_whatever_is_left_out_the_rest_is_possible_in_its_order(
    seed: int, minutes: float, data: st.DataObject
) -> None:
    steps = draw(seed, minutes, KINDS)
    chosen = data.draw(st.lists(st.sampled_from(steps), unique_by=lambda step: step.number))
    part = sorted(chosen, key=lambda step: step.number)

    kept = playable(part, KINDS)

    assert playable(steps, KINDS) == steps
    assert playable(kept, KINDS) == kept
    assert [step.number for step in kept] == sorted(step.number for step in kept)
    assert {step.number for step in kept} <= {step.number for step in part}
    model = Model()
    for step in kept:
        assert KINDS[step.kind].is_possible(model, step.parameters)
        KINDS[step.kind].happens(model, step.parameters)


def test_what_would_change_nothing_is_left_out() -> None:
    lowered = Step(1, "retention changed", {"days": 30})
    same = Step(2, "retention changed", {"days": 30}, is_awaited=False)
    unknown = Step(3, "hour backfilled", {"hour": 9}, is_awaited=False)
    late = Step(4, "late readings", {"hour": 9, "count": 3, "seed": 1}, is_awaited=False)
    known = Step(5, "hour backfilled", {"hour": 9}, is_awaited=False)

    kept = playable([lowered, same, unknown, late, known], KINDS)

    assert [step.number for step in kept] == [1, 4, 5]
    assert [step.is_awaited for step in kept] == [True, False, True]


def test_the_model_knows_the_settings_the_partitions_and_what_was_acknowledged() -> None:
    model = Model()
    KINDS["setting changed"].happens(model, {"key": "STREAM_TURN_SECONDS", "value": "5"})
    KINDS["partition added"].happens(model, {})
    model.note_acknowledged(2, 41)
    model.note_acknowledged(2, 17)

    assert not KINDS["setting changed"].is_possible(model, {"key": "STREAM_TURN_SECONDS", "value": "5"})
    assert (model.partitions, model.acknowledged) == (3, {2: 42})
