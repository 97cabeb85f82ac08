"""The workflow's steps; what they return is small and says nothing about a person."""

from include.daily.rules import as_day, message
from include.daily.run import keep_report, page_file, today
from include.log import get_logger
from include.outbox.report import tell_report
from include.settings import get_settings

# Where Airflow shows the pages: plugins/daily_reports.py.
PAGES = "/daily-reports"

log = get_logger()


def write_day(day: str, airflow: str) -> dict[str, str]:
    """Write the page of a day; return its address below `airflow`, and the message about it."""
    settings, chosen = get_settings(), as_day(day, today=today())
    report = keep_report(settings, chosen)
    file = page_file(settings.stack.reports_dir, chosen.date)
    written = {
        "day": str(chosen),
        "page": f"{airflow.rstrip('/')}{PAGES}/{file.name}",
        "message": message(report),
    }
    log.info("report_written", file=str(file), **written)
    return written


def tell_day(written: dict[str, str]) -> bool:
    """Tell whoever REPORT_RECIPIENTS names; return whether anybody was told."""
    return tell_report(get_settings(), day=written["day"], message=written["message"], link=written["page"])
