"""The suites as people edit them: what can be said in them, and what is refused in one line that says what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from include.errors import SettingsError
from include.quality import policy
from include.quality.policy import load_quality_policy
from include.quality.suite_file import read_figures, read_readings
from include.quality.types import Expectation, Kind, Rule

COUNT = "expect_table_row_count_to_equal"
RATE = {"column": "heart_rate"}
LEDGER = {"value": {"$PARAMETER": "ledger_readings"}}


def entry(kind: str, kwargs: dict[str, Any], **meta: Any) -> dict[str, Any]:
    told = {"name": "own", "severity": "critical", "failure": "it fails", **meta}
    return {"type": kind, "kwargs": kwargs, "meta": told}


def suite(folder: Path, *entries: Any) -> Path:
    path = folder / "suite.json"
    path.write_text(json.dumps({"name": "suite", "expectations": list(entries)}))
    return path


def read_one(folder: Path, *words: Any, **meta: Any) -> Expectation:
    counted = entry(COUNT, LEDGER, name="counted")
    return read_readings(suite(folder, entry(*words, **meta), counted))[0]


@pytest.mark.parametrize(
    ("words", "meta", "kind", "limits"),
    [
        ((COUNT, LEDGER), {}, Kind.LEDGER, (0, 0)),
        ((COUNT, {"value": 60}), {}, Kind.ROW_COUNT, (60, 60)),
        (("expect_table_row_count_to_be_between", {"min_value": 9}), {}, Kind.ROW_COUNT, (9, None)),
        (("expect_column_values_to_not_be_null", RATE), {}, Kind.EACH_READING, (None, 0)),
        (("expect_column_values_to_not_be_null", RATE | {"mostly": 1.0}), {}, Kind.EACH_READING, (None, 0)),
        (("expect_column_values_to_not_be_null", RATE | {"mostly": 0.9}), {}, Kind.COUNTED, (None, None)),
        (("expect_column_values_to_be_of_type", RATE | {"type_": "X"}), {}, Kind.COLUMN, (None, None)),
        (("unexpected_rows_expectation", {"unexpected_rows_query": "x"}), {}, Kind.COUNTED, (None, None)),
        (
            ("unexpected_rows_expectation", {"unexpected_rows_query": "x"}),
            {"each_reading": True},
            Kind.EACH_READING,
            (None, 0),
        ),
        (("expect_column_median_to_be_between", RATE | {"max_value": 9}), {}, Kind.WHOLE, (None, None)),
        (("expect_what_nobody_has_thought_of_yet", {}), {}, Kind.WHOLE, (None, None)),
    ],
)
def test_how_an_expectation_is_judged_follows_from_what_it_is(
    tmp_path: Path,
    words: tuple[str, dict[str, Any]],
    meta: dict[str, Any],
    kind: Kind,
    limits: tuple[float | None, float | None],
) -> None:
    found = read_one(tmp_path, *words, **meta)

    assert (found.kind, found.at_least, found.at_most) == (kind, *limits)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (entry(COUNT, {}, severity="fatal"), "expectations 1 meta severity: Input should be 'critical' or"),
        (entry(COUNT, {}, colour="red"), "expectations 1 meta colour: Extra inputs are not permitted"),
        (entry(COUNT, {}, name="Two Words"), "Two Words .* String should match pattern"),
        (entry(COUNT, {}, failure="{seen}"), r"the failure can name \{observed\}"),
        *[
            (entry(COUNT, {}, failure=failure), r"the failure can name \{observed\}")
            for failure in (
                *("{observed", "{}", "{0}", "{observed[0]}", "{observed.real}", "{observed.no}"),
                *("{observed:d}", "{observed!x}", "{observed:{observed}}", f"{{observed:{10**15}}}"),
            )
        ],
        ({"type": COUNT, "meta": {}}, "expectations 1 kwargs: Field required"),
        (entry(COUNT, {"value": {"$PARAMETER": "leger"}}), "no parameter leger: there are .*ledger_readings"),
        (entry("expect_column_to_exist", {"column": "rate"}), "no column rate: there are customer_id"),
        (entry("expect_compound_columns_to_be_unique", {"column_list": ["id", "a"]}), "no column a: "),
        (
            entry("expect_column_max_to_be_between", RATE, failure="{observed:.0f} bpm"),
            r"its figure is not kept: leave \{observed\} out",
        ),
        (
            entry(COUNT, {}, each_reading=True),
            "each_reading in meta is for unexpected_rows_expectation alone",
        ),
        (entry("expect_column_median_to_be_between", RATE), "one expectation at least has to count all"),
        (
            entry("expect_column_values_to_be_null", RATE | {"row_condition": "x"}),
            "one expectation at least has to count all",
        ),
    ],
)
def test_what_makes_no_sense_about_readings_is_told_in_a_line(
    tmp_path: Path, wrong: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint) as caught:
        read_readings(suite(tmp_path, wrong))

    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


# Without two digits side by side: a width of thousands of millions would only use up memory.
@given(st.text(st.sampled_from("{}observed[]().!:,+-<>^=%_srafgned 0 1"), max_size=24))
@example("{observed[0]}")
@example("{observed:{observed}}")
def test_a_failure_that_is_taken_can_be_told_of_any_figure(text: str) -> None:
    assume(not re.search(r"\d{2}", text))
    try:
        rule = Rule(name="own", failure=text)
    except ValidationError as error:
        assert "and nothing else" in str(error)  # noqa: PT017 - most of them are refused, some are not
        return

    for observed in (0.0, -1.5, 0.1, 1e20, float("inf"), float("nan")):
        rule.explain(observed)


@pytest.mark.parametrize("column", ["heart_rate", None])
def test_an_expectation_about_figures_is_about_one_that_is_measured(
    tmp_path: Path, column: str | None
) -> None:
    wrong = entry("expect_column_values_to_be_between", {"column": column})

    with pytest.raises(SettingsError, match=r"own .*take one of .* about the values of .* readings, "):
        read_figures(suite(tmp_path, wrong))


@pytest.mark.parametrize(
    "arguments",
    [
        {"mostly": 0.9},
        {"row_condition": "held_back > 0", "condition_parser": "postgresql"},
        {"condition_parser": "postgresql"},
        {"value_set": {"$PARAMETER": "risk_levels"}},
        {"value_set": [{"$PARAMETER": "nobody_knows"}]},
    ],
)
def test_an_argument_that_takes_hours_together_or_leaves_some_out_is_refused_for_figures(
    tmp_path: Path, arguments: dict[str, Any]
) -> None:
    wrong = entry("expect_column_values_to_be_in_set", {"column": "held_back", **arguments})

    with pytest.raises(SettingsError, match=r"own .*here each hour is judged by itself: (leave|write) "):
        read_figures(suite(tmp_path, wrong))


@pytest.mark.parametrize(
    "kind",
    [
        "expect_column_values_to_match_regex",
        "expect_column_value_lengths_to_be_between",
        "expect_column_values_to_be_unique",
    ],
)
def test_what_is_judged_of_texts_or_of_several_hours_is_refused_for_figures(
    tmp_path: Path, kind: str
) -> None:
    with pytest.raises(SettingsError, match="here each hour is one row of numbers: take one of expect_"):
        read_figures(suite(tmp_path, entry(kind, {"column": "held_back"})))


def test_arguments_that_change_nothing_about_a_figure_are_taken(tmp_path: Path) -> None:
    harmless = {"column": "held_back", "max_value": 1, "mostly": 1.0, "row_condition": None}

    [found] = read_figures(suite(tmp_path, entry("expect_column_values_to_be_between", harmless)))

    assert (found.kind, found.at_most) == (Kind.FIGURE, 1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "is no suite of expectations: the file: Invalid JSON"), ("{}", "expectations: Field required")],
)
def test_a_file_that_is_no_suite_is_told_as_such(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "suite.json").write_text(text)

    with pytest.raises(SettingsError, match=complaint):
        read_readings(tmp_path / "suite.json")


def test_a_policy_without_its_suites_is_told_which_file_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "SUITE_FOLDER", tmp_path)

    with pytest.raises(SettingsError, match=r"default/readings.json: No such file .* needs this suite"):
        load_quality_policy("default")


def test_a_name_of_both_suites_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "default").mkdir()
    monkeypatch.setattr(policy, "SUITE_FOLDER", tmp_path)
    figure = entry("expect_column_values_to_be_between", {"column": "held_back"})
    for name, one in (("readings", entry(COUNT, LEDGER)), ("facts", figure)):
        suite(tmp_path, one).rename(tmp_path / "default" / f"{name}.json")

    with pytest.raises(SettingsError, match=r"quality policy default .* two expectations .* name: own"):
        load_quality_policy("default")
