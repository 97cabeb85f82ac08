"""The quality policy that QUALITY_POLICY names: how figures are measured, and two suites of expectations, in files."""

from pathlib import Path

from pydantic import ValidationError

from include.domain.policy_file import read_policy
from include.errors import SettingsError
from include.quality.suite_file import read_figures, read_readings
from include.quality.types import Measures, QualityPolicy

POLICY_FOLDER = Path(__file__).parent / "policies"
SUITE_FOLDER = Path(__file__).parent / "suites"


def load_quality_policy(name: str) -> QualityPolicy:
    """Read the policy called `name`; raise SettingsError if there is none or it makes no sense.

    What Great Expectations itself has against an expectation is found when it is put up (`HourSuite`).
    """
    measures = read_policy(Measures, POLICY_FOLDER, name, setting="QUALITY_POLICY")
    try:
        return QualityPolicy(
            **measures.model_dump(),
            readings=read_readings(SUITE_FOLDER / name / "readings.json"),
            figures=read_figures(SUITE_FOLDER / name / "facts.json"),
        )
    except ValidationError as error:
        problems = "; ".join(detail["msg"] for detail in error.errors())
        raise SettingsError(f"quality policy {name} cannot be used: {problems}") from None
