"""The page of a day: one file of HTML that needs nothing else, in light and dark, and for print."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from include.daily import charts
from include.daily.charts import Series
from include.daily.rules import TREND_DAYS, verdict
from include.daily.types import DayReport, Expectation
from include.domain.reasons import EXPLANATIONS, Reason
from include.domain.words import lasting
from include.version import product_version

TEMPLATES = Path(__file__).parent / "templates"
# In this order. A new part of the report is a template of its own, named here.
SECTIONS = ("summary", "hours", "quality", "quarantine", "pace", "coverage", "risk", "alarms")
UNKNOWN = "\u2013"
STATES = {"published": "✓", "withheld": "✕", "reopened": "↻", "open": "○"}

T = TypeVar("T")


def render_page(report: DayReport) -> str:
    """Return the page; every figure in it stands in a `data` element with its name and its exact value."""
    return _template("page").render(
        report=report,
        verdict=verdict(report),
        version=product_version(),
        sections=[f"{name}.html" for name in SECTIONS],
        style=_style(),
        explanations={reason.value: EXPLANATIONS[reason] for reason in Reason},
        glyphs=STATES,
        charts=_charts(report),
        trend_days=TREND_DAYS,
        states_by_hour=_by_hour(report, report.told_hours),
    )


def render_list(days: Sequence[date]) -> str:
    """Return the page that leads to the pages of these days, in their order."""
    return _template("list").render(days=days, style=_style())


def _style() -> Markup:
    return Markup((TEMPLATES / "page.css").read_text())  # noqa: S704 - our own file


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(dropped=_dropped, figure=_figure, share=_share, trend=_trend)
    environment.filters.update(clock=_clock, number=_number, seconds=_seconds)
    return environment.get_template(f"{name}.html")


def _figure(name: str, value: float | None, form: str = ",") -> Markup:
    """Return a figure that a person reads and a program finds by its name."""
    if value is None:
        return escape(UNKNOWN)
    return Markup('<data id="{}" value="{}">{}</data>').format(name, value, format(value, form))


def _dropped(report: DayReport, *tables: str) -> Markup:
    """Return what stands in a section that rests on these tables, if retention has dropped anything of them."""
    gone = [table for table in tables if table in report.dropped]
    if not gone:
        return Markup()
    return Markup('<p class="notice">Dropped by retention, or some of it: {}.</p>').format(", ".join(gone))


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.2%}" if whole else UNKNOWN


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.4g}"


def _seconds(value: float | None) -> str:
    return UNKNOWN if value is None else lasting(value)


def _clock(instant: datetime) -> str:
    return f"{instant:%H:%M}"


def _trend(expectation: Expectation) -> Markup:
    told = ", ".join(str(value) for value in expectation.trend)
    return charts.trend(
        f"{expectation.name}, hours failed in each of {TREND_DAYS} days: {told}", expectation.trend
    )


def _charts(report: DayReport) -> dict[str, Markup]:
    labels = [_clock(hour) for hour in report.day.hours]
    outcomes = _picker(report, report.outcomes)
    latency, lag = _picker(report, report.latency), _picker(report, report.lag)
    coverage, risk = _picker(report, report.coverage), _picker(report, report.risk)
    alarms = _picker(report, report.alarm_hours)
    return {
        "outcomes": charts.columns(
            "Records by the hour in which they were committed, and what became of them",
            labels,
            [Series(name, name, outcomes(name)) for name in ("accepted", "duplicates", "quarantined")],
            unit="records",
        ),
        "latency": charts.lines(
            "Latency by hour in milliseconds, on a logarithmic scale",
            labels,
            [Series(f"p{share}", f"p{share}", latency(f"p{share}_ms")) for share in (50, 95, 99)],
            unit="ms",
            logarithmic=True,
        ),
        "lag": charts.lines(
            "Records that waited, by hour",
            labels,
            [Series(f"p{share}", f"p{share}", lag(f"p{share}")) for share in (50, 95, 99)],
            unit="records",
        ),
        "coverage": charts.lines(
            "Coverage by hour in per cent: what half of the customers sent at least, and nine of ten",
            labels,
            [
                Series("p50", "p50", _percent(coverage("p50"))),
                Series("p10", "p95", _percent(coverage("p10"))),
            ],
            unit="%",
        ),
        "risk": charts.columns(
            "Readings of the published hours by risk level",
            labels,
            [Series(name.capitalize(), name, risk(name)) for name in ("normal", "elevated", "high")],
            unit="readings",
        ),
        "alarms": charts.columns(
            "Alarms by the hour in which they opened",
            labels,
            [
                Series("warning", "elevated", alarms("warning")),
                Series("critical", "high", alarms("critical")),
            ],
            unit="alarms",
        ),
    }


def _picker(report: DayReport, rows: Sequence[Any]) -> Callable[[str], list[float | None]]:
    """Return what gives a figure of these rows for each hour of the day."""
    found = _by_hour(report, rows)
    return lambda name: [None if row is None else getattr(row, name) for row in found.values()]


def _by_hour(report: DayReport, rows: Sequence[T]) -> Mapping[datetime, T | None]:
    known = {row.hour: row for row in rows}  # type: ignore[attr-defined]
    return {hour: known.get(hour) for hour in report.day.hours}


def _percent(shares: Sequence[float | None]) -> list[float | None]:
    return [None if share is None else 100 * share for share in shares]
