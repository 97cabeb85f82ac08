"""The alarm policy's file: what it says, and one clear line for one that makes no sense."""

import json
from pathlib import Path
from typing import Any

import pytest

from include.episodes import policy as alarm_policy
from include.episodes.policy import load_alarm_policy
from include.episodes.rules_in_force import EVER, Limit, timeline
from include.errors import SettingsError

DEFAULT = (alarm_policy.POLICY_FOLDER / "default.json").read_text()


def test_the_default_policy_has_the_four_rules() -> None:
    policy = load_alarm_policy("default")

    assert [(rule.name, rule.severity.value) for rule in policy.rules] == [
        ("high", "warning"),
        ("very_high", "critical"),
        ("low", "critical"),
        ("silence", "warning"),
    ]


def test_an_unknown_policy_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="ALARM_POLICY names no policy odd: choose one of default"):
        load_alarm_policy("odd")


def changed(**fields: Any) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(DEFAULT)
    policy["rules"][0] |= fields
    return policy


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"clear_bpm": 150}, "rule high must clear at its limit or below"),
        ({"kind": "low"}, "rule high must clear above its limit"),
        ({"limit_bpm": 500}, "limit_bpm"),
        ({"for_seconds": -1}, "for_seconds"),
        ({"severity": "loud"}, "severity"),
        ({"name": "low"}, "two rules have the same name"),
        ({"name": "Robert'); drop"}, "name"),
        ({"for_second": 3}, "for_second"),
        ({"kind": "odd"}, "kind"),
    ],
)
def test_a_policy_that_makes_no_sense_is_one_line_that_names_the_place(
    fields: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm_policy, "POLICY_FOLDER", tmp_path)
    (tmp_path / "own.json").write_text(json.dumps(changed(**fields)))

    with pytest.raises(SettingsError) as raised:
        load_alarm_policy("own")

    assert str(raised.value).startswith("alarm policy own cannot be used: ")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_json_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_policy, "POLICY_FOLDER", tmp_path)
    (tmp_path / "own.json").write_text("{")

    with pytest.raises(SettingsError, match=r"^alarm policy own cannot be used: [^\n]+$"):
        load_alarm_policy("own")


def test_a_limit_of_the_customers_own_keeps_the_distance_to_the_clearing_limit() -> None:
    policy = load_alarm_policy("default")

    rules = timeline([(EVER, policy)], [Limit("high", 10, 1, limit_bpm=100), Limit("high", 20, 2)])

    assert [
        (rules.at(time).levels[0].limit_bpm, rules.at(time).levels[0].clear_bpm) for time in (9, 10, 20)
    ] == [
        (140, 130),
        (100, 90),
        (140, 130),
    ]


def test_a_newer_policy_is_in_force_from_its_instant_on() -> None:
    first = load_alarm_policy("default")
    second = first.model_copy(update={"version": "two", "rules": first.rules[:1]})

    rules = timeline([(EVER, first), (100, second)])

    assert [len(rules.at(time).levels) for time in (-5, 99, 100)] == [3, 3, 1]
