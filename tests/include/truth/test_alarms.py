"""How alarms are scored against the truth."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from include.errors import FileUnusableError
from include.settings import Settings
from include.truth.alarms import AlarmComparison, Found, Score, Truth, _compare, compare_alarms
from tests.support.alarms import seconds

INTERVAL = timedelta(seconds=1)


def scored(truths: list[Truth], found: list[Found]) -> Score:
    score = Score()
    _compare(truths, found, INTERVAL, score)
    return score


def truth(onset: float, cleared: float | None = None) -> Truth:
    return Truth(seconds(onset), None if cleared is None else seconds(cleared), seconds(onset + 60))


def found(
    onset: float, cleared: float | None = None, *, is_retracted: bool = False, stored: float = 0
) -> Found:
    end = None if cleared is None else seconds(cleared)
    return Found(seconds(onset), end, is_retracted, seconds(stored))


def test_a_match_lies_within_one_interval_at_both_ends() -> None:
    assert scored([truth(0, 100)], [found(1, 99, stored=62)]).matches == 1
    assert scored([truth(0, 100)], [found(1.1, 100)]).matches == 0
    assert scored([truth(0, 100)], [found(0, 101.1)]).matches == 0
    assert scored([truth(0)], [found(0, 100)]).matches == 0
    assert scored([truth(0)], [found(0)]).matches == 1
    assert scored([truth(0, 100)], [found(0, 100, stored=62.5)]).delays_seconds == [2.5]


def test_one_alarm_is_one_match_and_a_retracted_one_that_was_told_is_none() -> None:
    score = scored([truth(0, 100), truth(0.5, 100)], [found(0, 100), found(300, None, is_retracted=True)])

    assert (score.episodes, score.alarms, score.matches) == (2, 2, 1)
    assert (score.recall, score.precision) == (0.5, 0.5)


def test_it_holds_where_enough_was_found_and_not_too_much() -> None:
    assert AlarmComparison({"high": Score(100, 104, 99)}).holds
    assert not AlarmComparison({"high": Score(100, 99, 98)}).holds
    assert not AlarmComparison({"high": Score(100, 110, 100)}).holds
    assert AlarmComparison({}).holds


def test_it_says_for_each_rule_and_all_what_was_found_and_how_late() -> None:
    comparison = AlarmComparison({"low": Score(1, 1, 1, [2.0]), "high": Score(2, 1, 1, [1.0])})

    assert comparison.lines() == [
        "high: 1 of 2 episodes found (recall 0.500), 1 alarms (precision 1.000), delay p50 1.0 s, p95 1.0 s",
        "low: 1 of 1 episodes found (recall 1.000), 1 alarms (precision 1.000), delay p50 2.0 s, p95 2.0 s",
        "all rules: 2 of 3 episodes found (recall 0.667), 2 alarms (precision 1.000), delay p50 2.0 s, p95 2.0 s",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"episodes": "too many readings"}, "it tells no episodes"),
        ({"watched": "x", "first": "", "last": "", "interval_ms": 1}, "line 1 is none of its"),
        ({"episode": "high"}, "line 1 is none of its"),
    ],
)
def test_a_ledger_without_episodes_is_one_line(tmp_path: Path, line: dict[str, str], problem: str) -> None:
    ledger = tmp_path / "truth.jsonl"
    ledger.write_text(json.dumps(line))

    with pytest.raises(FileUnusableError, match=problem):
        compare_alarms(Settings(), ledger)
