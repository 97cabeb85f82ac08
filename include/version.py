"""The product's version, which stands in `pyproject.toml` alone."""

import tomllib

from include.settings import PROJECT_ROOT


def product_version() -> str:
    """Return it, such as 0.3.0."""
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])
