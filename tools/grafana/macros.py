"""What Grafana does with the text of a query before PostgreSQL sees it, in so far as our dashboards ask for it.

After Grafana's PostgreSQL data source (its macros.go, sqleng and the front end's `sqlstring` format):
- the range's ends are put in as quoted RFC 3339 in UTC with a Z; they are text without a type
- $__interval_ms is the width of a step, never below the panel's own `interval`
- ${name:sqlstring} is the chosen values, each quoted, inner quotes doubled, joined with commas
Anything else that begins with a dollar sign is refused here, so that nobody relies on what was never tried.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.settings import PROJECT_ROOT

GRAFANA = PROJECT_ROOT / "grafana"
MAX_DATA_POINTS = 1000

_MACRO = re.compile(r"\$(__\w+)\(([^)]*)\)")
_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Range:
    """The chosen time range; instants are UTC without a zone."""

    start: datetime
    end: datetime


def boards() -> list[dict[str, Any]]:
    """Return the dashboards as the files have them."""
    return [json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))]


def panels() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each panel with its dashboard."""
    for board in boards():
        for panel in board["panels"]:
            yield board, panel


def span(text: str) -> timedelta:
    """Return what Grafana means by 15m, 6h or 7d."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def expand(sql: str, chosen: Range, *, least_step: timedelta, variables: Mapping[str, Sequence[str]]) -> str:
    """Return the text that PostgreSQL gets."""
    step = max((chosen.end - chosen.start) / MAX_DATA_POINTS, least_step)
    sql = sql.replace("$__interval_ms", str(int(step.total_seconds() * 1000)))
    sql = _VARIABLE.sub(lambda found: _quoted(variables[found[1]]), sql)
    sql = _MACRO.sub(lambda found: _macro(found[1], found[2], chosen), sql)
    if "$" in sql:
        raise ValueError(
            f"Grafana's {sql[sql.index('$') :][:30]!r} is not known here: see tools/grafana/macros.py"
        )
    return sql


def _macro(name: str, argument: str, chosen: Range) -> str:
    start, end = (f"'{instant.isoformat()}Z'" for instant in (chosen.start, chosen.end))
    if name == "__timeFrom":
        return start
    if name == "__timeTo":
        return end
    if name == "__timeFilter":
        return f"{argument.strip()} BETWEEN {start} AND {end}"
    raise ValueError(f"the macro ${name} is not known here: see tools/grafana/macros.py")


def _quoted(values: Sequence[str]) -> str:
    return ",".join("'" + value.replace("'", "''") + "'" for value in values)
