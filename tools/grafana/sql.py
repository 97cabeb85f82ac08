"""A query of grafana/queries with Grafana's own expressions in the place of its parameters.

The queries keep the form of the rooms of include: %(name)s, lintable and readable. Grafana puts the range in as text
like '2026-11-25T08:00:00Z'. Cast to timestamp the Z is ignored, and so is the session's time zone: that is right,
since the range is UTC and so are the columns. As timestamptz, which `now()` or a subtraction would make of it, it
would be turned into the time zone of the session first.
"""

from datetime import timedelta
from pathlib import Path

from include.db.queries import query
from include.domain.reasons import Reason
from include.live.store import customers_bounds

ROOT = Path(__file__).resolve().parent.parent.parent
QUERIES = ROOT / "grafana" / "queries"


def _customers_now() -> str:
    """Return the live page's query up to the range's end, as a table: both show the same number."""
    bounds = {
        name: f"interval '{bound.total_seconds():.0f} seconds'" if isinstance(bound, timedelta) else bound
        for name, bound in customers_bounds().items()
    }
    text = query("live/select_customers_now").strip().removesuffix(";")
    return f"({text % {'at': '$__timeTo()::timestamp', **bounds}})"


EXPRESSIONS = {
    "range_start": "$__timeFrom()::timestamp",
    "range_end": "$__timeTo()::timestamp",
    "step": "interval '$__interval_ms milliseconds'",
    "customer": "${customer:sqlstring}",
    "partitions": "${partition:sqlstring}",
    "customers_now": _customers_now(),
    "reasons": "array[" + ", ".join(f"'{reason}'" for reason in Reason) + "]",
}


def bound(name: str, **values: str) -> str:
    """Return the query's text for Grafana; `values` are texts to bind besides the expressions above."""
    text = (QUERIES / f"{name}.sql").read_text().strip().removesuffix(";")
    literals = {key: f"'{value}'" for key, value in values.items()}
    return text % {**EXPRESSIONS, **literals}
