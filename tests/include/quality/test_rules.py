"""The quality policy, drift, and how failed expectations become a verdict."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from include.errors import SettingsError
from include.quality.policy import load_quality_policy
from include.quality.rules import (
    apart_and_together,
    figure_findings,
    in_order,
    in_pieces,
    is_no_worse,
    verdicts_of,
    with_drift,
)
from include.quality.types import (
    Accepted,
    Expectation,
    Fact,
    Finding,
    HourFacts,
    Kind,
    QualityPolicy,
    Severity,
)

EIGHT = datetime(2026, 11, 20, 8)  # noqa: DTZ001 - UTC without a zone, as the columns are
POLICY = load_quality_policy("default")
COLUMNS = ("customer_id", "heart_rate", "event_time", "risk_level", "ingested_at")


def facts(
    hour: datetime, *, readings: int = 100, mean_bpm: float | None = 80.0, early_readings: int = 0
) -> HourFacts:
    return HourFacts(
        hour=hour,
        readings=readings,
        ledger_readings=readings,
        ledger_difference=0,
        early_readings=early_readings,
        delay_p95_seconds=1.0,
        quarantined=0,
        quarantine_share=0.0,
        unnamed=0,
        unnamed_share=0.0,
        held_back=0,
        poorly_covered_share=0.0,
        mean_bpm=mean_bpm,
    )


def expectation(name: str, severity: Severity, **limits: float | None) -> Expectation:
    return Expectation(
        name=name,
        severity=severity,
        type="expect_column_values_to_be_between",
        arguments={},
        kind=Kind.FIGURE,
        fact=Fact.EARLY_READINGS,
        failure=name + ": {observed:g}",
        **(limits or {"at_most": 0}),
    )


def test_the_default_policy_names_every_check_that_the_product_promises() -> None:
    critical = {one.name for one in POLICY.expectations if one.severity is Severity.CRITICAL}
    warning = {one.name for one in POLICY.expectations if one.severity is Severity.WARNING}

    assert critical == {
        "rows_agree_with_ledger",
        *(f"{column}_not_null" for column in COLUMNS),
        *(f"{column}_type" for column in COLUMNS),
        "heart_rate_in_range",
        "risk_level_known",
        "risk_level_equals_policy",
        "no_duplicates",
        "event_time_inside_hour",
    }
    assert warning == {
        "quarantine_share",
        "unnamed_share",
        "customers_held_back",
        "stored_after_event",
        "ingest_delay_p95",
        "customer_coverage",
        "mean_drift",
    }


def test_a_policy_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match="choose one of default"):
        load_quality_policy("strict")


def test_two_expectations_of_one_name_are_refused() -> None:
    twins = [one.model_dump() for one in POLICY.expectations[:1]] * 2

    with pytest.raises(ValidationError, match="same name"):
        QualityPolicy.model_validate({**POLICY.model_dump(), "readings": twins})


def test_an_expectation_and_a_rule_about_customers_of_one_name_are_refused() -> None:
    rule = {**POLICY.customer_rules[0].model_dump(), "name": POLICY.expectations[0].name}

    with pytest.raises(ValidationError, match="same name"):
        QualityPolicy.model_validate({**POLICY.model_dump(), "customer_rules": [rule]})


@pytest.mark.parametrize(
    ("found", "accepted", "is_no_worse_than_that"),
    [(1, 1, True), (1, 3, True), (3, 1, False), (-1, 1, False), (-1, -3, True), (-3, -1, False)],
)
def test_what_was_accepted_covers_a_failure_on_the_same_side_that_is_no_worse(
    found: float, accepted: float, is_no_worse_than_that: bool
) -> None:
    limits = expectation("agree", Severity.CRITICAL, at_least=0, at_most=0)

    assert is_no_worse(limits, found, accepted) is is_no_worse_than_that


@pytest.mark.parametrize(("found", "accepted", "is_covered"), [(2, 3, True), (3, 2, False), (0, 0, True)])
def test_without_limits_a_figure_that_has_not_grown_is_no_worse(
    found: float, accepted: float, is_covered: bool
) -> None:
    assert is_no_worse(expectation("mostly", Severity.CRITICAL, at_most=None), found, accepted) is is_covered


def test_a_failure_that_a_person_has_accepted_is_no_reason_and_is_told() -> None:
    nine = EIGHT + timedelta(hours=1)
    hours = [facts(EIGHT, early_readings=2), facts(nine, early_readings=2)]
    expectations = [expectation("first", Severity.CRITICAL), expectation("second", Severity.CRITICAL)]
    findings = figure_findings(hours, expectations, {"first": {EIGHT, nine}, "second": {nine}})

    verdicts = verdicts_of(hours, findings, [Accepted(hour, "first", None, 2) for hour in (EIGHT, nine)])

    assert [verdict.reason for verdict in verdicts] == [None, "second: 2"]
    assert [verdict.accepted for verdict in verdicts] == [("first: 2",), ("first: 2",)]


def test_drift_is_the_share_by_which_the_mean_leaves_that_of_the_past_hours() -> None:
    past = {EIGHT - timedelta(hours=back): 100.0 for back in (1, 2, 24, 25)}

    [hour] = with_drift([facts(EIGHT, mean_bpm=120.0)], past, POLICY)

    assert hour.mean_drift == pytest.approx(0.2)


def test_the_hours_of_a_group_are_past_hours_for_one_another() -> None:
    group = [
        facts(EIGHT + timedelta(hours=number), mean_bpm=mean) for number, mean in enumerate([80, 90, 100, 45])
    ]

    assert [hour.mean_drift for hour in with_drift(group, {}, POLICY)] == [
        None,
        None,
        None,
        pytest.approx(0.5),
    ]


@pytest.mark.parametrize("mean", [81.123456789, 80.125, 79.995])
def test_an_hour_drifts_as_far_whether_its_past_was_settled_with_it_or_before(mean: float) -> None:
    """Settled hours keep their means to two places, half away from zero as PostgreSQL rounds."""
    group = [facts(EIGHT + timedelta(hours=number), mean_bpm=mean) for number in range(4)]
    stored = {hour.hour: float(f"{mean + 1e-9:.2f}") for hour in group}

    assert with_drift(group, {}, POLICY)[-1] == with_drift(group[-1:], stored, POLICY)[0]


def test_without_readings_or_without_enough_past_there_is_no_drift() -> None:
    past = {EIGHT - timedelta(hours=back): 100.0 for back in (1, 2, 25, 26)}

    assert with_drift([facts(EIGHT)], past, POLICY)[0].mean_drift is None
    assert with_drift([facts(EIGHT, mean_bpm=None)], {**past, EIGHT: 1.0}, POLICY)[0].mean_drift is None


def test_each_hour_gets_its_own_verdict_and_the_reason_names_every_critical_failure() -> None:
    nine, ten = EIGHT + timedelta(hours=1), EIGHT + timedelta(hours=2)
    hours = [facts(EIGHT), facts(nine, early_readings=2), facts(ten, early_readings=3)]
    expectations = [
        expectation("first", Severity.CRITICAL),
        expectation("second", Severity.CRITICAL),
        expectation("mild", Severity.WARNING),
    ]
    failed = {"first": {nine, ten}, "second": {ten}, "mild": {nine}}

    findings = figure_findings(hours, expectations, failed)
    verdicts = verdicts_of(hours, findings)

    assert len(findings) == 9
    assert [verdict.reason for verdict in verdicts] == [None, "first: 2", "first: 3; second: 3"]
    assert [verdict.warnings for verdict in verdicts] == [(), ("mild: 2",), ()]


def hours_of(groups: list[list[HourFacts]]) -> list[list[int]]:
    return [[(hour.hour - EIGHT) // timedelta(hours=1) for hour in group] for group in groups]


def test_hours_whose_rows_the_ledger_does_not_know_are_judged_alone() -> None:
    differences = [0, 1, 0, -1, 0]
    hours = [
        replace(facts(EIGHT + timedelta(hours=number)), ledger_difference=difference)
        for number, difference in enumerate(differences)
    ]

    assert hours_of(apart_and_together(hours)) == [[0, 2, 4], [1], [3]]
    assert hours_of(apart_and_together(hours[1:2])) == [[1]]


def test_an_absent_figure_is_judged_only_by_an_expectation_about_its_absence() -> None:
    limit, presence = (
        expectation(name, Severity.WARNING).model_copy(update={"type": kind, "fact": Fact.MEAN_DRIFT})
        for name, kind in (
            ("limit", "expect_column_values_to_be_between"),
            ("presence", "expect_column_values_to_not_be_null"),
        )
    )
    hours = [facts(EIGHT), replace(facts(EIGHT + timedelta(hours=1)), mean_drift=0.0)]

    found = figure_findings(hours, [limit, presence], {"limit": [], "presence": [EIGHT]})

    assert [one.judged for one in found] == [False, True, True, True]


@pytest.mark.parametrize(
    ("count", "sizes"), [(2, [1, 1]), (10, [1] * 10), (11, [2, 2, 2, 2, 2, 1]), (100, [10] * 10)]
)
def test_hours_are_cut_into_ten_pieces_at_most_without_losing_one(count: int, sizes: list[int]) -> None:
    hours = [facts(EIGHT + timedelta(hours=number)) for number in range(count)]

    pieces = in_pieces(hours)

    assert [len(piece) for piece in pieces] == sizes
    assert [hour for piece in pieces for hour in piece] == hours


def test_findings_are_ordered_by_hour_and_as_the_policy_names_them() -> None:
    nine = EIGHT + timedelta(hours=1)
    found = [Finding(hour, one, True, 0) for one in reversed(POLICY.expectations) for hour in (nine, EIGHT)]

    ordered = in_order(found, POLICY)

    assert [finding.hour for finding in ordered] == [EIGHT] * len(POLICY.expectations) + [nine] * len(
        POLICY.expectations
    )
    assert [finding.expectation for finding in ordered] == [*POLICY.expectations] * 2
