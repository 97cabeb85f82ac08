"""Alarms and limits for people at a terminal."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from include.handling.store import AlarmLine, EventLine
from include.limits.store import LimitLine, PauseLine
from include.terminal import plain


def alarms_table(alarms: Sequence[AlarmLine]) -> RenderableType:
    """Return a table of alarms."""
    if not alarms:
        return Text("No alarms.")
    table = _table(
        "id", "severity", "rule", "state", "since (UTC)", "until (UTC)", "peak", "seen by", "customer"
    )
    for alarm in alarms:
        table.add_row(
            str(alarm.id),
            alarm.severity,
            Text(plain(alarm.rule)),
            alarm.state,
            _instant(alarm.onset),
            _instant(alarm.cleared),
            "-" if alarm.peak_bpm is None else str(alarm.peak_bpm),
            _text(alarm.acknowledged_by),
            str(alarm.customer_id),
        )
    return table


def alarm_text(alarm: AlarmLine, events: Sequence[EventLine]) -> RenderableType:
    """Return one alarm in full, with all that happened to it."""
    facts = Table(show_header=False, box=None)
    for name in AlarmLine.__slots__:
        value = getattr(alarm, name)
        facts.add_row(name, Text(_instant(value)) if isinstance(value, datetime) else _text(value))
    history = _table("no.", "what", "recorded at (UTC)", "onset", "cleared", "by", "detail", "key")
    for event in events:
        history.add_row(
            str(event.number),
            event.kind,
            _instant(event.recorded_at),
            _instant(event.onset),
            _instant(event.cleared),
            _text(event.actor),
            _text(event.detail),
            str(event.key),
        )
    return Group(facts, history)


def limits_table(limits: Sequence[LimitLine]) -> RenderableType:
    """Return a table of limits."""
    if not limits:
        return Text("No limits of customers' own: the policy's apply.")
    table = _table(
        "version", "customer", "rule", "valid from (UTC)", "limit", "clear", "after s", "set by", "set at"
    )
    for limit in limits:
        table.add_row(
            str(limit.id),
            str(limit.customer_id),
            Text(plain(limit.rule)),
            _instant(limit.valid_from),
            *(
                _text(value)
                for value in (limit.limit_bpm, limit.clear_bpm, limit.after_seconds, limit.set_by)
            ),
            _instant(limit.set_at),
        )
    return table


def pauses_table(pauses: Sequence[PauseLine]) -> RenderableType:
    """Return a table of pauses."""
    if not pauses:
        return Text("No pauses.")
    table = _table("id", "starts (UTC)", "ends", "noted by", "noted at", "ended", "by")
    for pause in pauses:
        table.add_row(
            str(pause.id),
            _instant(pause.starts),
            _instant(pause.ends),
            _text(pause.noted_by),
            _instant(pause.noted_at),
            _instant(pause.ended),
            _text(pause.ended_by),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _instant(instant: datetime | None) -> str:
    return "-" if instant is None else f"{instant:%Y-%m-%d %H:%M:%S}"


def _text(value: object) -> Text:
    return Text("-" if value is None else plain(value))
