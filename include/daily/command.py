"""The command that writes the page of a day into a file."""

from datetime import timedelta
from pathlib import Path

from include.command_line import require_writable
from include.daily.rules import as_day, message
from include.daily.run import today, write_report
from include.errors import OptionError
from include.settings import Settings


def write_page(settings: Settings, file: Path | None, day: str | None, *, as_json: bool) -> str:
    """Write the page of a day, yesterday's unless told otherwise, and return what it says in a line."""
    if file is None:
        raise OptionError("--day is for the page of a day: name its file by --html")
    if as_json:
        raise OptionError("--html and --json are two reports: choose one")
    now = today()
    chosen = as_day(day if day is not None else str(now - timedelta(days=1)), today=now)
    require_writable(file)
    return message(write_report(settings, chosen, file))
