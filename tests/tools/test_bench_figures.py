"""What the bench makes of its rounds: medians, ratios, percentiles, and doubts about itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.bench.figures import (
    BARE_CLIENT,
    CONSUMERS,
    COPY,
    CPU_PER_RECORD,
    GENERATOR_LATE,
    LOOKS_APART,
    NEVER_SEEN,
    P50,
    PRODUCER,
    RATE,
    STREAM,
    Figures,
    Series,
    doubts,
    latency_figures,
    percentile,
    ratios,
)
from tools.bench.plot import draw, ticks
from tools.bench.report import text


def test_the_median_is_the_middle_round_and_the_spread_half_the_range() -> None:
    series = Series([100.0, 80.0, 110.0])

    assert series.median == 100
    assert series.spread == pytest.approx(0.15)


def test_a_figure_that_is_zero_has_no_spread() -> None:
    assert Series([0.0, 0.0]).spread == 0


def test_a_ratio_is_taken_round_by_round() -> None:
    # Both were slowed to a tenth in the second round: the medians' ratio would be 10 or 0.1.
    ours, theirs = Series([100.0, 10.0, 100.0]), Series([50.0, 5.0, 50.0])

    assert ours.over(theirs).rounds == [2, 2, 2]


def test_a_round_in_which_the_reference_is_zero_has_no_ratio() -> None:
    assert Series([1.0, 4.0]).over(Series([0.0, 2.0])).rounds == [2]


def test_what_is_ours_is_compared_with_each_reference_that_has_the_figure() -> None:
    figures = Figures()
    for name in (RATE, CPU_PER_RECORD):
        figures.note("drain", STREAM, name, 30)
        figures.note("drain", CONSUMERS, name, 20)
    figures.note("drain", COPY, RATE, 60)
    figures.note("producer", PRODUCER, RATE, 8)
    figures.note("producer", BARE_CLIENT, RATE, 10)
    figures.note("idle", "kafka", "cores", 1)

    found = {(ratio.part, ratio.name, ratio.reference): ratio.series.median for ratio in ratios(figures)}

    assert found == {
        ("drain", RATE, CONSUMERS): 1.5,
        ("drain", CPU_PER_RECORD, CONSUMERS): 1.5,
        ("drain", RATE, COPY): 0.5,
        ("producer", RATE, BARE_CLIENT): 0.8,
    }


def test_json_holds_each_round() -> None:
    figures = Figures()
    figures.note("drain", STREAM, RATE, 1)
    figures.note("drain", STREAM, RATE, 3)

    assert figures.as_dict() == {
        "drain": {STREAM: {RATE: {"median": 2, "spread": 0.5, "rounds": [1, 3]}}},
    }


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_at_least_the_share_lies_at_or_below_a_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) <= share * len(values)


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_the_worst_reading_is_reported_with_the_percentiles() -> None:
    assert latency_figures([float(ms) for ms in range(1, 101)]) == {
        "p50 ms": 50,
        "p95 ms": 95,
        "p99 ms": 99,
        "worst ms": 100,
    }


def latency(*, late_ms: float = 1, looks_ms: float = 3, unseen: float = 0) -> Figures:
    figures = Figures()
    values = {P50: 20.0, GENERATOR_LATE: late_ms, LOOKS_APART: looks_ms, NEVER_SEEN: unseen}
    for name, value in values.items():
        figures.note("latency at 1,000/s", STREAM, name, value)
    return figures


def test_a_sound_measurement_leaves_no_doubt() -> None:
    assert doubts(latency()) == []


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (latency(late_ms=80), "fell behind by up to 80 ms"),
        (latency(looks_ms=9), "9.0 ms apart, too coarse"),
        (latency(unseen=2), "2 probes were not seen"),
    ],
)
def test_what_the_instrument_spoilt_is_said_in_words(figures: Figures, words: str) -> None:
    [said] = doubts(figures)

    assert said.startswith("latency at 1,000/s, stream: ")
    assert words in said


@pytest.mark.parametrize(
    ("rounds", "shown"), [([123456.7], "123,457"), ([0.125], "0.12"), ([10.0, 20.0], "15.0 ± 33%")]
)
def test_a_figure_is_shown_with_its_spread_where_there_is_one(rounds: list[float], shown: str) -> None:
    assert text(Series(rounds)) == shown


def test_the_picture_shows_what_was_measured() -> None:
    figures = latency()
    figures.note("drain", STREAM, RATE, 123456)

    picture = draw(figures)

    assert "123,456" in picture
    assert f"<title>{STREAM}, {P50}</title>" in picture
    assert CONSUMERS not in picture


def test_a_scale_goes_from_below_the_lowest_to_above_the_highest() -> None:
    assert ticks(20, 900) == [10, 100, 1000]
    assert ticks(10, 10) == [10, 100]
