"""Values that the quality room hands around."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from string import Formatter
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

# By which of its arguments an expectation is about columns.
COLUMN_KEYS = frozenset({"column", "column_A", "column_B", "column_list"})


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


class Kind(Enum):
    """How an expectation is judged, and which figure of it is kept."""

    LEDGER = auto()
    EACH_READING = auto()
    COLUMN = auto()
    ROW_COUNT = auto()
    COUNTED = auto()
    WHOLE = auto()
    FIGURE = auto()

    @property
    def is_for_groups(self) -> bool:
        """Whether it holds for each hour of a group if it holds for all together; the ledger's, if rows agree."""
        return self in (Kind.LEDGER, Kind.EACH_READING, Kind.COLUMN)


class Rule(BaseModel):
    """What is demanded under a name; `failure` is what an operator reads where it is not met."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    at_least: float | None = None
    at_most: float | None = None
    failure: str

    @field_validator("failure")
    @classmethod
    def _is_template(cls, failure: str) -> str:
        try:
            parts = list(Formatter().parse(failure))
            is_plain = all(
                name in (None, "observed") and "{" not in (form or "") for _, name, form, _ in parts
            )
            failure.format(observed=1.0)
        except (LookupError, ValueError, AttributeError, TypeError, MemoryError):
            is_plain = False
        if not is_plain:
            raise ValueError("the failure can name {observed}, such as {observed:.0f}, and nothing else")
        return failure

    def explain(self, observed: float) -> str:
        """Say in words what was found."""
        return self.failure.format(observed=observed)


class Expectation(Rule):
    """An expectation of Great Expectations, by its own name and arguments; `fact` where it is about a figure.

    Data Docs show `description` instead of what Great Expectations says of it.
    """

    severity: Severity
    type: str
    arguments: dict[str, Any]
    kind: Kind
    fact: Fact | None = None
    description: str | None = None

    @property
    def counts_all_rows(self) -> bool:
        """Whether its result tells how many readings it has seen, and these are all."""
        return (
            self.kind in (Kind.LEDGER, Kind.ROW_COUNT, Kind.EACH_READING, Kind.COUNTED)
            and "unexpected_rows_query" not in self.arguments
            and "row_condition" not in self.arguments
        )

    @property
    def judges_absence(self) -> bool:
        """Whether it is about a figure being there or not, so that an absent one is judged, too."""
        return self.type in ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")

    @property
    def needs_readings(self) -> bool:
        """Whether it says nothing of an hour without readings: it is about a column as a whole."""
        return self.kind is Kind.WHOLE and not COLUMN_KEYS.isdisjoint(self.arguments)


class CustomerRule(Rule):
    """A fact of a customer's hour and its limits: whoever breaks them is held back, and nobody else."""

    fact: CustomerFact

    @model_validator(mode="after")
    def _has_limit(self) -> "CustomerRule":
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"{self.name} has no limit")
        return self


class Measures(BaseModel):
    """How the figures are measured, and the rules about customers.

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
    customer_rules: tuple[CustomerRule, ...] = ()


class QualityPolicy(Measures):
    """Every threshold of the checks: expectations about an hour's `readings` and about its `figures`."""

    readings: tuple[Expectation, ...]
    figures: tuple[Expectation, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "QualityPolicy":
        names = [rule.name for rule in (*self.expectations, *self.customer_rules)]
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            raise ValueError(f"two expectations have the same name: {', '.join(twins)}")
        return self

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """Those about the readings, then those about the figures."""
        return self.readings + self.figures

    @property
    def rules(self) -> dict[str, Rule]:
        """The expectations and the rules about customers, by name."""
        return {rule.name: rule for rule in (*self.expectations, *self.customer_rules)}


@dataclass(frozen=True, slots=True)
class HourFacts:
    """What was measured in one hour; None where there is too little to judge. Nothing here is about one person."""

    hour: datetime
    readings: int
    ledger_readings: int
    ledger_difference: int
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
class Sight:
    """What Great Expectations is shown: the rows of an exported snapshot, and the risk policies' bands as JSON."""

    snapshot_id: str
    risk_bands: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether one hour meets one expectation; `observed` is None where there is no figure, or none that may be kept.

    Of an hour that has nothing that could be judged, it is met.
    """

    hour: datetime
    expectation: Expectation
    passed: bool
    observed: float | None
    judged: bool = True

    @property
    def withholds(self) -> bool:
        """Whether it keeps the hour from being published unless a person accepts it."""
        return not self.passed and self.expectation.severity is Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class HourVerdict:
    """What the findings mean for one hour; `reason` is None if it may be published.

    `accepted` are critical failures that a person has accepted.
    """

    facts: HourFacts
    reason: str | None
    warnings: tuple[str, ...]
    accepted: tuple[str, ...] = ()


class Judge(Protocol):
    """Who judges hours by a policy: Great Expectations."""

    policy: QualityPolicy

    def judge(self, run_id: int, facts: Sequence[HourFacts], sight: Sight) -> list[Finding]:
        """Return whether each hour meets each expectation."""
