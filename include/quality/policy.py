"""The quality policy: every threshold of the checks, in one JSON file that QUALITY_POLICY names."""

from pathlib import Path

from include.domain.policy_file import read_policy
from include.quality.types import QualityPolicy

POLICY_FOLDER = Path(__file__).parent / "policies"


def load_quality_policy(name: str) -> QualityPolicy:
    """Read the policy called `name`; raise SettingsError if there is none or it makes no sense."""
    return read_policy(QualityPolicy, POLICY_FOLDER, name, setting="QUALITY_POLICY")
