"""Values that the quality room hands around."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Severity(StrEnum):
    """What a failed expectation means: the hour is withheld, or it is published with a warning."""

    CRITICAL = "critical"
    WARNING = "warning"


class Fact(StrEnum):
    """The figures of an hour that an expectation may be about: columns of hour_facts."""

    READINGS = "readings"
    LEDGER_DIFFERENCE = "ledger_difference"
    NULL_VALUES = "null_values"
    OUT_OF_RANGE = "out_of_range"
    WRONG_LEVELS = "wrong_levels"
    REPEATED_READINGS = "repeated_readings"
    OUTSIDE_HOUR = "outside_hour"
    EARLY_READINGS = "early_readings"
    DELAY_P95_SECONDS = "delay_p95_seconds"
    QUARANTINED = "quarantined"
    QUARANTINE_SHARE = "quarantine_share"
    POORLY_COVERED_SHARE = "poorly_covered_share"
    MEAN_DRIFT = "mean_drift"


class Expectation(BaseModel):
    """A fact and its limits; `failure` is what an operator reads about an hour that does not keep them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    severity: Severity
    fact: Fact
    at_least: float | None = None
    at_most: float | None = None
    failure: str

    @field_validator("failure")
    @classmethod
    def _is_template(cls, failure: str) -> str:
        failure.format(observed=1.0)
        return failure

    @model_validator(mode="after")
    def _has_limit(self) -> "Expectation":
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"{self.name} has no limit")
        return self

    def explain(self, observed: float) -> str:
        """Say in words what was found."""
        return self.failure.format(observed=observed)


class QualityPolicy(BaseModel):
    """Every threshold of the checks, and what the figures are measured by.

    A customer is poorly covered below `min_coverage`. A share is taken of at least `min_records_for_share`.
    Drift is judged against the `drift_past_hours` before the hour, if `drift_min_hours` of them have a mean.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    note: str
    min_coverage: float = Field(gt=0, le=1)
    min_records_for_share: int = Field(ge=1)
    drift_past_hours: int = Field(ge=1)
    drift_min_hours: int = Field(ge=1)
    expectations: tuple[Expectation, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "QualityPolicy":
        names = [expectation.name for expectation in self.expectations]
        if len(set(names)) != len(names):
            raise ValueError("two expectations have the same name")
        return self


@dataclass(frozen=True, slots=True)
class HourFacts:
    """What was measured in one hour; null where there is too little to judge. Nothing is about one person."""

    hour: datetime
    readings: int
    ledger_readings: int
    ledger_difference: int
    null_values: int
    out_of_range: int
    wrong_levels: int
    repeated_readings: int
    outside_hour: int
    early_readings: int
    delay_p95_seconds: float | None
    quarantined: int
    quarantine_share: float | None
    poorly_covered_share: float | None
    mean_bpm: float | None
    mean_drift: float | None = None

    def value_of(self, fact: Fact) -> float | None:
        """Return one figure."""
        value: float | None = getattr(self, fact.value)
        return value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one expectation in one hour."""

    hour: datetime
    expectation: Expectation
    passed: bool
    observed: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the outcomes mean for one hour; `reason` is None if it may be published."""

    facts: HourFacts
    reason: str | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedHours:
    """One run of the checks over a group of hours, a verdict for each."""

    run_id: int
    verdicts: tuple[Verdict, ...]
