"""Write grafana/dashboards and the alert rules: `python -m tools.grafana`, or `--check` to only compare.

Exit code 1 when a file is not what this package says.
"""

import json
import sys
from pathlib import Path

import yaml

from tools.grafana.alerts import provisioned
from tools.grafana.live import live
from tools.grafana.panels import Json
from tools.grafana.pipeline import pipeline
from tools.grafana.quality import quality
from tools.grafana.sql import ROOT

RULES = "provisioning/alerting/rules.yaml"
HEAD = "# Written by `make dashboards` from tools/grafana/alerts.py and grafana/queries; a change here is lost.\n"


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as one block, so that SQL can be read."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)
_Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]


def main(arguments: list[str], folder: Path = ROOT / "grafana") -> None:
    """Write or check the files."""
    wanted = {folder / path: text for path, text in files().items()}
    stale = {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}
    if arguments == ["--check"]:
        if stale:
            names = ", ".join(str(path) for path in stale)
            sys.exit(f"not what tools/grafana says: {names}; run 'make dashboards'")
        return
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def files() -> dict[str, str]:
    """Return every file that is written, by its path below grafana/, with its text."""
    boards = [live(), pipeline(), quality()]
    return {
        **{f"dashboards/{board['uid']}.json": _json(board) for board in boards},
        RULES: HEAD + yaml.dump(provisioned(boards), Dumper=_Dumper, sort_keys=False, width=110),
    }


def _json(board: Json) -> str:
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
