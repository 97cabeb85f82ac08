"""The frame of a dashboard: its variables, its links to the others and to Airflow, and the places of its panels."""

from collections.abc import Mapping, Sequence

from include.settings import FIELDS
from tools.grafana.panels import DATASOURCE, Json
from tools.grafana.sql import bound

TAG = "heartbeat"
WIDTH = 24
LIVE, PIPELINE, QUALITY = "heartbeat-live", "heartbeat-pipeline", "heartbeat-quality"


def board(
    uid: str,
    title: str,
    description: str,
    rows: Sequence[tuple[int, Sequence[Json]]],
    *,
    since: str,
    refresh: str,
    variables: Sequence[Json] = (),
    notes: Mapping[str, Sequence[Json]] | None = None,
) -> Json:
    """Return a dashboard; each row is a height and its panels, which share the width evenly.

    `notes` are shown over the panel of their title alone.
    """
    panels = placed(rows)
    numbers = {panel["title"]: panel["id"] for panel in panels}
    shown = [
        {**note, "filter": {"exclude": False, "ids": [numbers[title]]}}
        for title, of_panel in (notes or {}).items()
        for note in of_panel
    ]
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": [TAG],
        "timezone": "utc",
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": 39,
        "refresh": refresh,
        "time": {"from": f"now-{since}", "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
        "templating": {"list": [*variables, airflow_address()]},
        "annotations": {"list": shown},
        "links": links(),
        "panels": panels,
    }


def placed(rows: Sequence[tuple[int, Sequence[Json]]]) -> list[Json]:
    """Return the panels with numbers and places, row below row."""
    panels: list[Json] = []
    top = 0
    for height, row in rows:
        width = WIDTH // len(row)
        for column, panel in enumerate(row):
            place = {"x": column * width, "y": top, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, "gridPos": place, **panel})
        top += height
    return panels


def links() -> list[Json]:
    """Return the way to the other dashboards, at the same range, and to Airflow."""
    others = {"type": "dashboards", "title": "Heartbeat", "tags": [TAG], "asDropdown": False}
    airflow = {"type": "link", "title": "Airflow", "url": "${airflow}", "icon": "external link"}
    return [
        {**others, "includeVars": False, "keepTime": True, "targetBlank": False},
        {**airflow, "tags": [], "includeVars": False, "keepTime": False, "targetBlank": True},
    ]


def airflow_address() -> Json:
    """Return the hidden variable that holds where a browser finds Airflow; a dashboard's JSON knows no environment."""
    port = FIELDS["airflow_port"].default
    return {
        "name": "airflow",
        "label": "Airflow",
        "type": "constant",
        "hide": 2,
        "query": f"http://localhost:{port}",
        "skipUrlSync": True,
    }


def choice(
    name: str, label: str, description: str, query: str, *, several: bool = False, is_private: bool = False
) -> Json:
    """Return a variable whose values come from a query.

    A private one never stands in the page's address, which browsers, proxies and web servers write down: so no link
    can set it either.
    """
    everything = {"includeAll": True, "current": {"text": ["All"], "value": ["$__all"]}} if several else {}
    return {
        "name": name,
        "label": label,
        "description": description,
        "type": "query",
        "datasource": DATASOURCE,
        "query": bound(query),
        "refresh": 2,
        "sort": 0,
        "multi": several,
        "skipUrlSync": is_private,
        **everything,
    }
