"""The alarm rules, from a versioned policy. Pure but for reading the policy's own file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.domain.policy_file import read_policy
from include.domain.schema import MAX_HEART_RATE_BPM, MIN_HEART_RATE_BPM

POLICY_FOLDER = Path(__file__).parent / "policies"

Bpm = Annotated[int, Field(ge=MIN_HEART_RATE_BPM, le=MAX_HEART_RATE_BPM)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Medians = Annotated[float, Field(ge=0, le=1000)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Severity(StrEnum):
    """How urgent an alarm is."""

    WARNING = "warning"
    CRITICAL = "critical"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LevelRule(_File):
    """A heart rate that stays beyond a limit: above it (`high`), or at most at it (`low`).

    It has to stay there for `for_seconds`, and is over once it has been at the clearing limit or on the good side of it
    for `clear_for_seconds`. A distance between readings that is longer than `gap_seconds` and than `gap_medians` times
    the customer's median interval begins either count anew.
    """

    kind: Literal["high", "low"]
    name: Name
    severity: Severity
    limit_bpm: Bpm
    for_seconds: Seconds
    clear_bpm: Bpm
    clear_for_seconds: Seconds
    gap_seconds: Seconds = 30
    gap_medians: Medians = 3

    @model_validator(mode="after")
    def _clears_on_the_good_side(self) -> "LevelRule":
        if self.kind == "high" and self.clear_bpm > self.limit_bpm:
            raise ValueError(f"rule {self.name} must clear at its limit or below")
        if self.kind == "low" and self.clear_bpm <= self.limit_bpm:
            raise ValueError(f"rule {self.name} must clear above its limit")
        return self


class SilenceRule(_File):
    """No reading for longer than `after_seconds` and than `after_medians` times the customer's median interval."""

    kind: Literal["silence"]
    name: Name
    severity: Severity
    after_seconds: Annotated[float, Field(ge=1, le=604_800)]
    after_medians: Medians = 5


class AlarmPolicy(_File):
    """All rules of one version."""

    version: Annotated[str, Field(min_length=1, max_length=100)]
    note: str
    rules: tuple[Annotated[LevelRule | SilenceRule, Field(discriminator="kind")], ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "AlarmPolicy":
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("two rules have the same name")
        return self


def load_alarm_policy(name: str) -> AlarmPolicy:
    """Read the policy called `name`; raise SettingsError if there is none or it makes no sense."""
    return read_policy(AlarmPolicy, POLICY_FOLDER, name, setting="ALARM_POLICY")
