"""The daily reports inside the Airflow UI: their pages and a list of them, for readers of heartbeat_report.

Airflow does not guard a plugin's own application, so every route here asks for the user and his right. The pages hold
counts, never a reading.
"""

from datetime import date

from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response

from include.settings import get_settings
from plugins.reading_rights import for_readers_of

PREFIX = "/daily-reports"
# Everything is in the page itself, and it runs nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

app = FastAPI(dependencies=[for_readers_of("heartbeat_report")], openapi_url=None)


@app.get("/")
def list_pages() -> Response:
    """Return the list of days, the newest first."""
    from include.daily.page import render_list  # every process of Airflow loads this file
    from include.daily.run import kept_days

    return HTMLResponse(render_list(kept_days(get_settings().stack.reports_dir)), headers=HEADERS)


@app.get("/{day}.html")
def page(day: date) -> Response:
    """Return the page of a day."""
    from include.daily.run import page_file

    file = page_file(get_settings().stack.reports_dir, day)
    if not file.is_file():
        raise HTTPException(404, "there is no such page")
    return FileResponse(file, media_type="text/html; charset=utf-8", headers=HEADERS)


class DailyReportsPlugin(AirflowPlugin):
    """Registers the application and its entry under Browse."""

    name = "daily_reports"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Daily reports"}]  # noqa: RUF012 - Airflow's form
    external_views = [  # noqa: RUF012
        {
            "name": "Daily reports",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "daily-reports",
        }
    ]
