"""Which figures moved between two commits, and which only wavered."""

from typing import Any

from tools.bench.compare import compare


def run(**figures: list[float]) -> dict[str, Any]:
    return {"parts": {"drain": {"stream": {name: {"rounds": rounds} for name, rounds in figures.items()}}}}


def test_a_figure_has_moved_when_the_rounds_of_both_do_not_overlap() -> None:
    before = [run(rate=[100.0], cpu=[4.0], gone=[1.0]), run(rate=[110.0], cpu=[4.4], gone=[1.0])]
    after = [run(rate=[111.0], cpu=[4.3], new=[1.0]), run(rate=[130.0], cpu=[5.0], new=[1.0])]

    changes = {change.name: change for change in compare(before, after)}

    assert set(changes) == {"rate", "cpu"}
    assert changes["rate"].has_moved
    assert changes["rate"].ratio == 120.5 / 105
    assert not changes["cpu"].has_moved


def test_a_figure_that_was_nought_has_no_ratio() -> None:
    [change] = compare([run(lost=[0.0])], [run(lost=[3.0])])

    assert change.has_moved
    assert change.ratio is None
