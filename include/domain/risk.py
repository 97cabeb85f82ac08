"""Risk levels of a heart rate, from a versioned policy. Pure but for reading the policy's own file."""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from include.domain.policy_file import read_policy

POLICY_FOLDER = Path(__file__).parent / "risk_policies"


class RiskLevel(StrEnum):
    """How a reading is classified."""

    NORMAL = "Normal"
    ELEVATED = "Elevated"
    HIGH = "High"


class RiskPolicy(BaseModel):
    """Where one level ends and the next begins; a low side that is None does not exist.

    High: above `high_above_bpm` or at most `high_at_most_bpm`. Elevated: from `elevated_at_least_bpm` up, or at most
    `elevated_at_most_bpm`. Normal: all else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    note: str
    high_at_most_bpm: int | None
    elevated_at_most_bpm: int | None
    elevated_at_least_bpm: int
    high_above_bpm: int

    @model_validator(mode="after")
    def _bands_ascend(self) -> "RiskPolicy":
        edges = [
            self.high_at_most_bpm,
            self.elevated_at_most_bpm,
            self.elevated_at_least_bpm,
            self.high_above_bpm,
        ]
        present = [edge for edge in edges if edge is not None]
        if present != sorted(set(present)):
            raise ValueError("the bands' edges must ascend")
        return self

    def level_of(self, heart_rate_bpm: int) -> RiskLevel:
        """Classify one heart rate."""
        if heart_rate_bpm > self.high_above_bpm or heart_rate_bpm <= (self.high_at_most_bpm or 0):
            return RiskLevel.HIGH
        if heart_rate_bpm >= self.elevated_at_least_bpm or heart_rate_bpm <= (self.elevated_at_most_bpm or 0):
            return RiskLevel.ELEVATED
        return RiskLevel.NORMAL


def load_policy(name: str) -> RiskPolicy:
    """Read the policy called `name`; raise SettingsError if there is none or its bands make no sense."""
    return read_policy(RiskPolicy, POLICY_FOLDER, name, setting="RISK_POLICY")
