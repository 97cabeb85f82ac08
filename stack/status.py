"""What `stack status` shows: the servers, the pipeline that runs on them, and where to reach them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Group
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from include.health.types import Status
from include.live.overview import Overview
from include.live.session import as_json
from include.live.types import StreamState
from include.places import Place
from include.settings import Settings
from include.terminal import plain
from stack.airflow.configuration import base_url
from stack.types import PartState

BYTES_PER_MIB = 1024 * 1024
COLUMNS = ("part", "state", "pid", "port", "memory", "since (UTC)")
STATE_STYLES = {"running": "green", "unready": "yellow", "stopped": "red"}
STREAM_STATES = {
    "never": "no launch yet",
    "running": "running",
    "stopping": "asked to stop",
    "fenced": "fenced because it stood still; the next launch is to follow",
    "silent": "no sign of life since {:%b %d %H:%M:%S}",
}


def as_document(states: list[PartState], overview: Overview, settings: Settings) -> str:
    """Return everything as JSON."""
    parts = [{**asdict(state), "folder": str(state.folder)} for state in states]
    return as_json({"parts": parts, "pipeline": overview, "addresses": addresses(settings)}).decode()


def as_text(states: list[PartState], overview: Overview, settings: Settings) -> Group:
    """Return everything for people."""
    lines = Table.grid(Column(style="bold", no_wrap=True), Column(overflow="fold"), padding=(0, 2))
    for label, text in (*_pipeline_lines(overview), *addresses(settings).items()):
        lines.add_row(label, Text(plain(text)))
    return Group(parts_table(states), "", lines)


def parts_table(states: list[PartState]) -> Table:
    """Return the servers as a table."""
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS), Column("folder", overflow="fold"))
    for state in states:
        style = STATE_STYLES[state.state]
        table.add_row(
            state.name,
            f"[{style}]{state.state}[/]",
            str(state.pid or "-"),
            str(state.port),
            f"{state.memory_bytes / BYTES_PER_MIB:.0f} MiB" if state.memory_bytes else "-",
            f"{state.since:%b %d %H:%M}" if state.since else "-",
            escape(str(state.folder)),
        )
    return table


def addresses(settings: Settings) -> dict[str, str]:
    """Return where each thing is reached; no secret is among them."""
    page = (
        {"page": f"{base_url(settings)} (login {settings.airflow.user})"}
        if settings.stack.with_airflow
        else {}
    )
    return {
        **page,
        "database": f"{settings.db.address}/{settings.db.name}",
        "topic": f"{settings.kafka.topic} at {settings.kafka.broker}",
        "logs": str(settings.stack.at(Place.LOGS)),
    }


def _pipeline_lines(overview: Overview) -> Iterator[tuple[str, str]]:
    for problem in overview.problems:
        yield "problem", problem
    if overview.stream is None:
        return
    yield "stream", _stream(overview.stream)
    yield "", _figures(overview)
    for label, hour in zip(("hours", "", ""), overview.hours, strict=False):
        reason = f": {hour.reason}" if hour.reason else ""
        yield label, f"{hour.hour:%b %d %H:%M} {hour.state}, {hour.readings:,} readings{reason}"
    if not overview.hours:
        yield "hours", "none yet"
    yield from _health_lines(overview)


def _stream(stream: StreamState) -> str:
    lease = stream.lease
    if lease is None:
        return STREAM_STATES[stream.state]
    state = STREAM_STATES[stream.state].format(lease.renewed_at)
    return f"{state}: launch {lease.epoch} ({lease.holder}), begun {lease.started_at:%b %d %H:%M:%S}"


def _figures(overview: Overview) -> str:
    lag = "lag unknown" if overview.lag_records is None else f"{overview.lag_records:,} to do"
    p99 = overview.latency.p99_ms if overview.latency else None
    latency = "nothing was committed in the last minute" if p99 is None else f"p99 {p99:,.0f} ms"
    return f"{lag}, {overview.records_per_second or 0:,.0f} records per second, {latency}"


def _health_lines(overview: Overview) -> Iterator[tuple[str, str]]:
    if not overview.checks:
        yield "health", "not checked yet"
        return
    counts = Counter(check.status for check in overview.checks)
    found = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    yield "health", f"{overview.checks[0].checked_at:%b %d %H:%M:%S}: {found}"
    for check in overview.checks:
        if check.status != Status.OK:
            yield "", f"{check.status} {check.name}: {check.message}"
