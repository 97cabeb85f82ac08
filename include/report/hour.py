"""One hour as it stands: its state, what its checks found, and its summary."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from include.db.connect import Role, connect, readable_errors
from include.db.queries import query
from include.hourly.store import read_held_back, read_status
from include.hourly.types import HeldBackCustomer, HourState
from include.settings import Settings
from include.terminal import and_more, plain

MOST_HELD_BACK = 1000
SHOWN_HELD_BACK = 50
number = partial(Column, justify="right")


@dataclass(frozen=True, slots=True)
class Found:
    """What one expectation found; `observed` is None where there was nothing to judge, or no figure may be kept."""

    expectation: str
    severity: str
    passed: bool
    observed: float | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a person has accepted of the hour, and whether that is over."""

    accepted_by: str
    accepted_at: datetime
    reason: str
    failure: str
    ended_at: datetime | None
    ended_by: str | None
    ended_reason: str | None

    def __str__(self) -> str:
        accepted = f"accepted by {self.accepted_by} on {self.accepted_at:%Y-%m-%d %H:%M}: {self.reason}"
        if self.ended_at is None:
            return f"{accepted} ({self.failure})"
        taken_back = f"taken back by {self.ended_by}" if self.ended_by else "over"
        return f"{accepted} ({self.failure}); {taken_back} on {self.ended_at:%Y-%m-%d %H:%M}: {self.ended_reason}"


@dataclass(frozen=True, slots=True)
class HourReport:
    """The hour's state, the newest findings, readings and customers by risk level, who is held back, who accepted."""

    hour: datetime
    state: str
    reason: str | None
    findings: list[Found]
    risk: dict[str, tuple[int, int]]
    held_back: list[HeldBackCustomer] = field(default_factory=list)
    acceptances: list[Acceptance] = field(default_factory=list)


def read_hour(settings: Settings, hour: datetime) -> HourReport:
    """Read the hour that begins at `hour` (UTC, without a zone)."""
    with connect(settings, Role.READER, autocommit=True) as connection, readable_errors(settings):
        status = read_status(connection, [hour]).get(hour)
        findings = connection.execute(query("report/select_quality_results"), {"hour": hour}).fetchall()
        risk = connection.execute(query("report/select_risk_hourly"), {"hour": hour}).fetchall()
        # The last hour of the calendar has no end that can be written.
        until = hour + timedelta(minutes=1)
        held_back = read_held_back(connection, since=hour, until=until, most=MOST_HELD_BACK)
        acceptances = connection.execute(query("report/select_acceptances"), {"hour": hour}).fetchall()
    return HourReport(
        hour=hour,
        state=status.state if status else HourState.OPEN,
        reason=status.reason if status else None,
        findings=[Found(*row) for row in findings],
        risk={level: (readings, customers) for level, readings, customers in risk},
        held_back=held_back,
        acceptances=[Acceptance(*row) for row in acceptances],
    )


def render_hour(report: HourReport) -> RenderableType:
    """Return the hour as tables."""
    title = f"Quality of the hour {report.hour:%Y-%m-%d %H:%M} UTC"
    checks = Table("expectation", "severity", "result", number("observed"), title=title, title_justify="left")
    for found in report.findings:
        result = "[green]passed[/]" if found.passed else "[red]failed[/]"
        observed = "-" if found.observed is None else f"{found.observed:,.4g}"
        checks.add_row(Text(plain(found.expectation)), Text(plain(found.severity)), result, observed)
    title = "Its summary by risk level"
    summary = Table("level", number("readings"), number("customers"), title=title, title_justify="left")
    for level, (readings, customers) in report.risk.items():
        summary.add_row(Text(plain(level)), f"{readings:,}", f"{customers:,}")
    parts: list[RenderableType] = [checks, summary]
    if report.held_back:
        parts.append(_held_back(report))
        is_whole = len(report.held_back) < MOST_HELD_BACK
        where = (
            "the table held_back_customers has them"
            if is_whole
            else "and more than these, in held_back_customers"
        )
        parts += and_more(SHOWN_HELD_BACK, len(report.held_back), where)
    parts += [Text(plain(acceptance)) for acceptance in report.acceptances]
    verdict = f"the hour is {report.state}" + (f": {report.reason}" if report.reason else "")
    return Group(*parts, Text(plain(verdict), style="green" if report.state == "published" else "red"))


def _held_back(report: HourReport) -> Table:
    columns = ("customer", number("readings"), number("rejected"), "why")
    table = Table(*columns, title="Customers who are held back: in none of the sums", title_justify="left")
    for one in report.held_back[:SHOWN_HELD_BACK]:
        numbers = (f"{one.readings:,}", f"{one.rejected:,}")
        table.add_row(Text(plain(one.customer_id)), *numbers, Text(plain(one.detail)))
    return table
