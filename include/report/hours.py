"""A list of hours: the state of each, how many it leaves out, who has accepted it."""

from rich.table import Table
from rich.text import Text

from include.db.connect import Role, connect, readable_errors
from include.db.queries import query
from include.hourly.rules import BEGINNING_OF_TIME
from include.hourly.store import read_hours
from include.hourly.types import HourRow
from include.report.types import notes_of
from include.settings import Settings
from include.terminal import plain


def list_hours(settings: Settings, *, limit: int) -> tuple[list[HourRow], int]:
    """Return the newest hours, newest first, and how many there are in all."""
    with readable_errors(settings), connect(settings, Role.READER, autocommit=True) as connection:
        [(total,)] = connection.execute(query("report/count_hours")).fetchall()
        return read_hours(connection, since=BEGINNING_OF_TIME, most=limit), total


def hours_table(rows: list[HourRow], title: str | None = None) -> Table:
    """Return a table with a row for each hour."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("hour (UTC)", "state", "readings", "revision", "notes"):
        is_number = name in ("readings", "revision")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=name != "notes")
    for row in rows:
        waiting = f" + {row.unsettled_readings:,}" if row.unsettled_readings else ""
        table.add_row(
            f"{row.hour:%Y-%m-%d %H:%M}",
            plain(row.state),
            f"{row.readings:,}{waiting}",
            f"{row.revision}",
            Text("\n".join(plain(note) for note in notes_of(row))),
        )
    return table
