"""The report for people."""

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from include.command_line import PROGRAM
from include.domain.reasons import EXPLANATIONS, Reason
from include.domain.risk import RiskLevel
from include.report.hour import number
from include.report.hours import hours_table
from include.report.types import Report
from include.terminal import and_more, plain

# As many as a screen holds.
SHOWN_HOURS = 24
SHOWN_PROBLEMS = 20


def render(report: Report) -> RenderableType:
    """Return the report as tables."""
    parts: list[RenderableType] = [_outcomes(report), _partitions(report), _risk(report)]
    if report.by_reason:
        parts.insert(1, _reasons(report))
    if report.hours:
        parts.append(hours_table(report.hours[:SHOWN_HOURS], "Hours to look at"))
        parts += and_more(SHOWN_HOURS, len(report.hours), f"{PROGRAM} hours list, or report --json")
    return Group(*parts, _pace(report), _verdict(report))


def _table(title: str, *columns: str, numbers_from: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place >= numbers_from else "left", no_wrap=place == 0)
    return table


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _outcomes(report: Report) -> Table:
    table = _table("What became of the records", "outcome", "records", "share")
    for name in ("accepted", "duplicates", "quarantined"):
        count = getattr(report, name)
        table.add_row(name, f"{count:,}", _share(count, report.records))
    table.add_row("all", f"{report.records:,}", "", style="bold")
    return table


def _reasons(report: Report) -> Table:
    columns = (Column("reason", no_wrap=True), number("records"), "meaning")
    table = Table(*columns, title="Quarantined, by reason", title_justify="left", title_style="bold")
    for reason, count in sorted(report.by_reason.items(), key=lambda item: -item[1]):
        table.add_row(reason, f"{count:,}", EXPLANATIONS[Reason(reason)])
    return table


def _risk(report: Report) -> Table:
    table = _table("Stored readings, by risk", "risk level", "readings", "share")
    total = sum(report.by_risk.values())
    for level in RiskLevel:
        count = report.by_risk.get(level.value, 0)
        table.add_row(level.value, f"{count:,}", _share(count, total))
    return table


def _partitions(report: Report) -> Table:
    accounts = report.partitions
    # Most topics have neither gaps nor empty offsets; a column for each would not fit a terminal.
    rare = {
        "gap": any(account.gap for account in accounts),
        "empty": any(account.empty_offsets for account in accounts),
    }
    columns = [
        "next offset",
        "accepted",
        "duplicates",
        "quarantined",
        *(name for name, seen in rare.items() if seen),
    ]
    table = _table("Partitions", "topic/partition", *columns, "lag")
    for account in accounts:
        lag = None if report.lag is None else report.lag.get(account.partition)
        numbers = [account.next_offset, account.accepted, account.duplicates, account.quarantined]
        numbers += [account.gap] * rare["gap"] + [account.empty_offsets] * rare["empty"]
        name = plain(f"{account.topic}/{account.partition}")
        table.add_row(name, *(f"{number:,}" for number in numbers), "?" if lag is None else f"{lag:,}")
    return table


def _pace(report: Report) -> Text:
    lines = []
    if report.records_per_second is not None:
        lines.append(f"Pace of the newest launch: {report.records_per_second:,.0f} records/s")
    if report.latency is not None:
        latency = report.latency
        lines.append(
            "Latency, create time to commit: "
            f"p50 {latency.p50_ms:,.0f} ms, p95 {latency.p95_ms:,.0f} ms, p99 {latency.p99_ms:,.0f} ms"
        )
    return Text("\n".join(lines))


def _verdict(report: Report) -> Text:
    if not report.records and not report.problems:
        return Text("Nothing has been consumed yet.", style="yellow")
    if not report.problems:
        return Text("The accounting holds: every record has exactly one outcome.", style="green")
    problems = [f"- {plain(problem)}" for problem in report.problems[:SHOWN_PROBLEMS]]
    rest = and_more(SHOWN_PROBLEMS, len(report.problems), "report --json has them all")
    return Text("\n".join(["The accounting does NOT hold:", *problems, *rest]), style="red")
