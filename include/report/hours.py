"""The hours in a list: how each stands, whom it leaves out, who has accepted it."""

from datetime import datetime

from psycopg.rows import dict_row
from rich.table import Table
from rich.text import Text

from include.db.connect import Connection, Role, connect, readable_errors
from include.hourly.sql import query
from include.report.sql import query as report_query
from include.report.types import HourLine
from include.settings import Settings
from include.terminal import plain

_EVER = datetime(1, 1, 1)  # noqa: DTZ001 - UTC without a zone, as the columns are
_SHOWN = HourLine.__slots__


def list_hours(settings: Settings, *, limit: int) -> tuple[list[HourLine], int]:
    """Return the newest hours, newest first, and how many there are in all."""
    with readable_errors(settings), connect(settings, Role.READER, autocommit=True) as connection:
        [(total,)] = connection.execute(report_query("count_hours")).fetchall()
        return read_hours(connection, limit=limit), total


def read_hours(connection: Connection, *, limit: int) -> list[HourLine]:
    """Return the newest hours, newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("select_recent_hours"), {"since": _EVER, "most": limit}).fetchall()
    return [HourLine(**{name: row[name] for name in _SHOWN}) for row in rows]


def hours_table(lines: list[HourLine], title: str | None = None) -> Table:
    """Return a table with a row for each hour."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("hour (UTC)", "state", "readings", "revision", "notes"):
        is_number = name in ("readings", "revision")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=name != "notes")
    for line in lines:
        waiting = f" + {line.unsettled_readings:,}" if line.unsettled_readings else ""
        table.add_row(
            f"{line.hour:%Y-%m-%d %H:%M}",
            plain(line.state),
            f"{line.readings:,}{waiting}",
            f"{line.revision}",
            Text("\n".join(plain(note) for note in line.notes)),
        )
    return table
