"""Data Docs inside the Airflow UI: the checks' pages, for readers of heartbeat_hourly, and a link in the menu.

Airflow does not guard a plugin's own application, so every route here asks for the user and his right. The pages are
static files that hold counts, never a reading.
"""

from pathlib import Path

from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from include.settings import get_settings
from plugins.reading_rights import for_readers_of

PREFIX = "/data-docs"
FIRST_PAGE = "index.html"
NO_PAGES = "<p>No hour has been checked yet: see <code>heartbeat_hourly</code>.</p>"
# The pages bring scripts of their own; these shall call nothing, least of all Airflow's API.
POLICY = (
    "default-src 'self' 'unsafe-inline' data:; connect-src 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

app = FastAPI(dependencies=[for_readers_of("heartbeat_hourly")], openapi_url=None)


@app.get("/")
def first_page() -> Response:
    """Lead to the list of runs, or say that there is none."""
    if page_file(get_settings().stack.data_docs_dir, FIRST_PAGE) is None:
        return HTMLResponse(NO_PAGES, headers=HEADERS)
    return RedirectResponse(f"{PREFIX}/{FIRST_PAGE}")


@app.get("/{path:path}")
def page(path: str) -> Response:
    """Return one file of the site."""
    file = page_file(get_settings().stack.data_docs_dir, path)
    if file is None:
        raise HTTPException(404, "there is no such page")
    return FileResponse(file, headers=HEADERS)


def page_file(site: Path, path: str) -> Path | None:
    """Return the file below `site` that the path names; None for none, and for whatever lies outside."""
    site = site.resolve()
    try:
        file = (site / path).resolve()
        return file if file.is_relative_to(site) and file.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


class DataDocsPlugin(AirflowPlugin):
    """Registers the application and its entry under Browse."""

    name = "data_docs"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "Data Docs"}]  # noqa: RUF012 - Airflow's form
    external_views = [  # noqa: RUF012
        {
            "name": "Data Docs",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "data-docs",
        }
    ]
