"""Values that the quality room hands around."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Severity(StrEnum):
    """What a failed expectation means: the hour is withheld, or it is published with a warning.

    Critical failures point to a fault of the pipeline. What a customer sent is judged by separate rules.
    """

    CRITICAL = "critical"
    WARNING = "warning"


class Fact(StrEnum):
    """The figures of an hour that an expectation can be about: columns of hour_facts."""

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
    UNNAMED_SHARE = "unnamed_share"
    HELD_BACK = "held_back"
    POORLY_COVERED_SHARE = "poorly_covered_share"
    MEAN_DRIFT = "mean_drift"


class CustomerFact(StrEnum):
    """The figures of a customer's hour that a rule can be about; see select_rule_breakers."""

    REJECTED_SHARE = "rejected_share"
    COVERAGE = "coverage"


class Limits(BaseModel):
    """The limits of a figure; `failure` is what an operator reads if it breaks them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    at_least: float | None = None
    at_most: float | None = None
    failure: str

    @field_validator("failure")
    @classmethod
    def _is_template(cls, failure: str) -> str:
        failure.format(observed=1.0)
        return failure

    @model_validator(mode="after")
    def _has_limit(self) -> "Limits":
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"{self.name} has no limit")
        return self

    def explain(self, observed: float) -> str:
        """Say in words what was found."""
        return self.failure.format(observed=observed)


class Expectation(Limits):
    """A fact of an hour and its limits."""

    severity: Severity
    fact: Fact


class CustomerRule(Limits):
    """A fact of a customer's hour and its limits: whoever breaks them is held back, and nobody else."""

    fact: CustomerFact


class QualityPolicy(BaseModel):
    """Every threshold of the checks, and how the figures are measured.

    A customer is poorly covered below `min_coverage`. Of fewer than `min_records_for_share` records no share is taken.
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
    customer_rules: tuple[CustomerRule, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> "QualityPolicy":
        names = list(self.limits)
        if len(names) != len(self.expectations) + len(self.customer_rules):
            raise ValueError("two expectations have the same name")
        return self

    @property
    def limits(self) -> dict[str, Limits]:
        """The expectations and the rules about customers, by name."""
        return {limits.name: limits for limits in (*self.expectations, *self.customer_rules)}


@dataclass(frozen=True, slots=True)
class HourFacts:
    """What was measured in one hour; None where there is too little to judge. Nothing here is about one person."""

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
    unnamed: int
    unnamed_share: float | None
    held_back: int
    poorly_covered_share: float | None
    mean_bpm: float | None
    mean_drift: float | None = None

    def value_of(self, fact: Fact) -> float | None:
        """Return one figure."""
        value: float | None = getattr(self, fact.value)
        return value


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A rule that a customer breaks in one hour, and what people are told about it."""

    hour: datetime
    customer_id: UUID = field(repr=False)
    rule: str
    observed: float
    readings: int
    rejected: int
    detail: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A failure that a person has accepted; `customer_id` is None if it is about the whole hour."""

    hour: datetime
    rule: str
    customer_id: UUID | None = field(repr=False)
    observed: float


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether one hour meets one expectation."""

    hour: datetime
    expectation: Expectation
    passed: bool
    observed: float | None


@dataclass(frozen=True, slots=True)
class HourVerdict:
    """What the findings mean for one hour; `reason` is None if it may be published.

    `accepted` are critical failures that a person has accepted.
    """

    facts: HourFacts
    reason: str | None
    warnings: tuple[str, ...]
    accepted: tuple[str, ...] = ()
