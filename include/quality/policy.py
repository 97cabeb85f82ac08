"""The quality policy: every threshold of the checks, in one JSON file that QUALITY_POLICY names."""

from pathlib import Path

from pydantic import ValidationError

from include.errors import SettingsError
from include.quality.types import QualityPolicy

POLICY_FOLDER = Path(__file__).parent / "policies"


def load_quality_policy(name: str) -> QualityPolicy:
    """Read the policy called `name`; raise SettingsError if there is none or it makes no sense."""
    path = POLICY_FOLDER / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in POLICY_FOLDER.glob("*.json")))
        raise SettingsError(f"QUALITY_POLICY names no policy {name}: choose one of {known}")
    try:
        return QualityPolicy.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problems = "; ".join(detail["msg"] for detail in error.errors())
        raise SettingsError(f"quality policy {name} cannot be used: {problems}") from None
