"""A policy in a JSON file of its own, which a setting names. Pure but for reading that file."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from include.errors import SettingsError

Policy = TypeVar("Policy", bound=BaseModel)


def read_policy(kind: type[Policy], folder: Path, name: str, *, setting: str) -> Policy:
    """Read the policy called `name`; raise SettingsError, naming the setting, if there is none that can be used."""
    path = folder / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.json")))
        raise SettingsError(f"{setting} names no policy {name}: choose one of {known}")
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problems = "; ".join(
            ": ".join(filter(None, [".".join(map(str, detail["loc"])), detail["msg"]]))
            for detail in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(
            f"{setting.lower().replace('_', ' ')} {name} cannot be used: {problems}"
        ) from None
