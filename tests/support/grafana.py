"""The files that Grafana is provisioned from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.grafana.macros import GRAFANA, boards

PROVISIONING = GRAFANA / "provisioning"


def notes() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield what is marked in panels with its dashboard, in the form of a panel."""
    for board in boards():
        for note in board["annotations"]["list"]:
            yield board, {"title": note["name"], "targets": [note["target"]]}


def rules() -> list[dict[str, Any]]:
    """Return the alert rules as the file has them."""
    [group] = provisioned("alerting/rules.yaml")["groups"]
    return list(group["rules"])


def provisioned(path: str) -> Any:
    """Read one file of the provisioning."""
    return yaml.safe_load((PROVISIONING / path).read_text())


def sql_files() -> list[Path]:
    """Return the files that the dashboards and rules are written from."""
    return sorted((GRAFANA / "queries").glob("*.sql"))
