"""Great Expectations over the hours of a run: their readings and their figures. Importing it takes seconds.

Expectations about readings are judged by PostgreSQL itself, in the snapshot that is published. Hundreds of hours are
one batch: if an expectation about each reading holds for all of them, it holds for each hour. If one fails, the hours
are judged again in ever smaller groups until it is known which fail. Expectations about the figures see `hour_facts`,
which another session has committed, and name the failing hours themselves.

Of the readings only counts are kept: no result and no page has a value of one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation import Expectation as GxExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from include.db.connect import Connection
from include.domain.hours import HOUR
from include.domain.risk import RiskLevel
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM
from include.errors import QualityCheckError, SettingsError
from include.expectations.site import Site
from include.expectations.sources import Batch, Figures, Readings
from include.quality.rules import apart_and_together, figure_findings, in_order, in_pieces
from include.quality.types import Expectation, Finding, HourFacts, Kind, QualityPolicy, Sight
from include.settings import Settings

FIGURES, READINGS, BY_HOUR, WHOLE = "facts", "readings", "readings_by_hour", "readings_as_a_whole"
_COUNTS: dict[str, object] = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}
# What such an expectation finds, a column's median or most common value, may be the reading of a person.
_NOTHING: dict[str, object] = {"result_format": "BOOLEAN_ONLY"}
_HOURS: dict[str, object] = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["hour"],
    # In SQL even COMPLETE lists no more failing hours than this; `_failing_hours` refuses a truncated list.
    "partial_unexpected_count": 1000,
    "return_unexpected_index_query": False,
}


@dataclass(frozen=True, slots=True)
class _Part:
    """The expectations of one suite of Great Expectations, by name."""

    suite: gx.ExpectationSuite
    expectations: Mapping[str, Expectation]
    result_format: dict[str, object]
    is_for_groups: bool

    @property
    def name(self) -> str:
        return str(self.suite.name)


@dataclass(slots=True)
class _Run:
    """What is being judged, and the pages that will be written: whether it withholds an hour, its suite, its name."""

    run_id: int
    facts: Sequence[HourFacts]
    sight: Sight
    pages: list[tuple[bool, str, str]]

    def name_of(self, facts: Sequence[HourFacts]) -> str:
        """Return the name in Data Docs: the first hour, how many hours, the run's number."""
        return f"{min(hour.hour for hour in facts):%Y-%m-%dT%H}Z-{len(facts)}h{self.suffix}"

    @property
    def suffix(self) -> str:
        return f"-run-{self.run_id}"


class HourSuite:
    """The suites of a policy, for one or several runs."""

    def __init__(self, settings: Settings, policy: QualityPolicy, session: Connection) -> None:
        """Raise SettingsError if Great Expectations has something against an expectation."""
        self.policy = policy
        self._site = Site(settings)
        self._context = gx.get_context(mode="ephemeral", project_config=self._site.project())
        self._figures_part = self._part(FIGURES, policy.figures, _HOURS, is_for_groups=True)
        of_groups = [one for one in policy.readings if one.kind.is_for_groups]
        by_hour = [one for one in policy.readings if one.kind in (Kind.ROW_COUNT, Kind.COUNTED)]
        whole = [one for one in policy.readings if one.kind is Kind.WHOLE]
        parts = [
            self._part(READINGS, of_groups, _COUNTS, is_for_groups=True),
            self._part(BY_HOUR, by_hour, _COUNTS, is_for_groups=False),
            self._part(WHOLE, whole, _NOTHING, is_for_groups=False),
        ]
        self._parts = [part for part in parts if part.expectations]
        self._figures = Figures(self._context, session)
        self._readings = Readings(self._context, session)
        self._run = _Run(0, [], Sight("", ""), [])

    def judge(self, run_id: int, facts: Sequence[HourFacts], sight: Sight) -> list[Finding]:
        """Judge the readings of a run's hours and their stored figures; return whether each meets each expectation.

        Raise QualityCheckError if an expectation could not be evaluated: then nothing is certain.
        """
        self._run = _Run(run_id, facts, sight, [])
        findings = [finding for part in self._parts for finding in self._judge_part(part)]
        return in_order([*findings, *self._judge_figures()], self.policy)

    def write_docs(self) -> str:
        """Write the pages of the newest run; return the path, relative to the site, of the one to look at first."""
        _, suite, run_name = max(self._run.pages, key=lambda page: page[0])
        return self._site.write(self._context, self._run.suffix, (suite, run_name))

    def close(self) -> None:
        """Close the database sessions."""
        self._figures.close()
        self._readings.close()

    def _part(
        self,
        name: str,
        expectations: Sequence[Expectation],
        result_format: dict[str, object],
        *,
        is_for_groups: bool,
    ) -> _Part:
        suite = gx.ExpectationSuite(name, expectations=[_gx_expectation(one) for one in expectations])
        by_name = {one.name: one for one in expectations}
        return _Part(self._context.suites.add(suite), by_name, result_format, is_for_groups)

    def _judge_figures(self) -> list[Finding]:
        facts, part = self._run.facts, self._figures_part
        result = self._validate(part, self._figures.of_run(self._run.run_id), facts)
        failing = {name: _failing_hours(name, outcome, len(facts)) for name, outcome in _outcomes(result)}
        findings = figure_findings(facts, self.policy.figures, failing)
        self._keep(part, facts, findings)
        return findings

    def _judge_part(self, part: _Part) -> Iterator[Finding]:
        facts = self._run.facts
        groups = apart_and_together(facts) if part.is_for_groups else [[hour] for hour in facts]
        has_page = part.is_for_groups or len(groups) == 1
        for number, group in enumerate(groups):
            yield from self._judge_readings(part, group, has_page=has_page and number == 0)

    def _judge_readings(
        self, part: _Part, facts: Sequence[HourFacts], *, has_page: bool = False
    ) -> Iterator[Finding]:
        hours = [hour.hour for hour in facts]
        batch = self._readings.look_at(self._run.sight, hours)
        result = self._validate(part, batch, facts)
        _require_all_seen(part, result, sum(hour.readings for hour in facts))
        findings = list(_findings(part, result, facts))
        is_single, has_failed = len(facts) == 1, not all(finding.passed for finding in findings)
        if has_page or (is_single and has_failed):
            self._keep(part, facts, findings)
        else:
            self._site.forget(part.name, self._run.name_of(facts))
        if is_single or not has_failed:
            yield from findings
        else:
            for piece in in_pieces(facts):
                yield from self._judge_readings(part, piece)

    def _validate(
        self, part: _Part, batch: Batch, facts: Sequence[HourFacts]
    ) -> ExpectationSuiteValidationResult:
        name = self._run.name_of(facts)
        definition = gx.ValidationDefinition(name=f"{part.name} {name}", data=batch, suite=part.suite)
        result = self._context.validation_definitions.add(definition).run(
            expectation_parameters=_parameters(facts),
            result_format=part.result_format,
            run_id=RunIdentifier(run_name=name),
        )
        for expectation, outcome in _outcomes(result):
            if outcome.exception_info.get("raised_exception", True):
                # PostgreSQL's own words about it may hold a value.
                self._site.forget(part.name, name)
                raise QualityCheckError(
                    expectation=expectation, reason="Great Expectations raised an exception"
                )
        return result

    def _keep(self, part: _Part, facts: Sequence[HourFacts], findings: Sequence[Finding]) -> None:
        withholds = any(finding.withholds for finding in findings)
        self._run.pages.append((withholds, part.name, self._run.name_of(facts)))


def _gx_expectation(expectation: Expectation) -> GxExpectation:
    configuration = ExpectationConfiguration(
        type=expectation.type,
        kwargs=dict(expectation.arguments),
        meta={"name": expectation.name},
        description=expectation.description,
        severity=FailureSeverity(expectation.severity.value),
    )
    try:
        return configuration.to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as error:
        problem = " ".join(str(error).split())
        raise SettingsError(
            f"Great Expectations cannot use {expectation.name} ({expectation.type}): {problem}"
        ) from None


def _parameters(facts: Sequence[HourFacts]) -> dict[str, Any]:
    return {
        "ledger_readings": sum(hour.ledger_readings for hour in facts),
        "first_instant": min(hour.hour for hour in facts),
        "end": max(hour.hour for hour in facts) + HOUR,
        "min_heart_rate_bpm": MIN_HEART_RATE_BPM,
        "max_heart_rate_bpm": MAX_HEART_RATE_BPM,
        "risk_levels": [level.value for level in RiskLevel],
    }


def _outcomes(result: ExpectationSuiteValidationResult) -> Iterator[tuple[str, ExpectationValidationResult]]:
    for outcome in result.results:
        config = outcome.expectation_config
        yield str(config.meta["name"]) if config else "?", outcome


def _require_all_seen(part: _Part, result: ExpectationSuiteValidationResult, readings: int) -> None:
    """Raise QualityCheckError if an expectation has seen more or fewer readings than were summed."""
    for name, outcome in _outcomes(result):
        if part.expectations[name].counts_all_rows:
            seen = outcome.result.get("element_count", outcome.result.get("observed_value"))
            if seen != readings:
                raise QualityCheckError(
                    expectation=name, reason=f"it has seen {seen} of the {readings} readings"
                )


def _findings(
    part: _Part, result: ExpectationSuiteValidationResult, facts: Sequence[HourFacts]
) -> Iterator[Finding]:
    """Yield what was found for each hour; of several that fail together nobody knows yet which."""
    is_empty = not any(hour.readings for hour in facts)
    for name, outcome in _outcomes(result):
        expectation = part.expectations[name]
        judged = not (is_empty and expectation.needs_readings)
        passed = bool(outcome.success) or not judged
        observed = _figure(expectation, outcome.result, facts)
        for hour in facts:
            yield Finding(hour.hour, expectation, passed, observed, judged)


def _figure(expectation: Expectation, result: Mapping[str, Any], facts: Sequence[HourFacts]) -> float | None:
    if expectation.kind in (Kind.COLUMN, Kind.WHOLE):
        return None
    # Of no readings at all, none is unexpected, as Great Expectations puts it.
    found = int(result.get("unexpected_count", result.get("observed_value")) or 0)
    if expectation.kind is Kind.LEDGER:
        return found - sum(hour.ledger_readings for hour in facts)
    return found


def _failing_hours(name: str, outcome: ExpectationValidationResult, hours: int) -> set[datetime]:
    rows: Sequence[Mapping[str, datetime]] = outcome.result.get("unexpected_index_list") or []
    if outcome.result["element_count"] != hours:
        seen = outcome.result["element_count"]
        raise QualityCheckError(expectation=name, reason=f"it has seen {seen} of the {hours} hours")
    if outcome.success != (not rows) or outcome.result["unexpected_count"] != len(rows):
        raise QualityCheckError(expectation=name, reason="its failing hours are not named")
    return {row["hour"] for row in rows}
