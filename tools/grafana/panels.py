"""Builders for the few kinds of panels that the dashboards use, as Grafana's JSON."""

from collections.abc import Mapping
from typing import Any

from tools.grafana.sql import bound

Json = dict[str, Any]

DATASOURCE = {"type": "postgres", "uid": "heartbeat"}


def panel(
    kind: str,
    title: str,
    description: str,
    query: str,
    *,
    unit: str = "short",
    bind: Mapping[str, str] | None = None,
    time_from: str | None = None,
    **more: Any,
) -> Json:
    """Return a panel without its place; `more` are Grafana's keys below defaults, custom, options and the panel."""
    defaults = {"unit": unit, "noValue": more.pop("empty", "none"), "custom": more.pop("custom", {})}
    is_series = kind in {"timeseries", "state-timeline"}
    made: Json = {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "fieldConfig": {
            "defaults": defaults | more.pop("defaults", {}),
            "overrides": more.pop("overrides", []),
        },
        "options": more.pop("options", {}),
        "targets": [target(bound(query, **(bind or {})), "time_series" if is_series else "table")],
    }
    if time_from:
        made["timeFrom"] = time_from
    return made | more


def target(sql: str, form: str) -> Json:
    """Return one query as a panel or a rule holds it."""
    return {
        "refId": "A",
        "datasource": DATASOURCE,
        "editorMode": "code",
        "rawQuery": True,
        "rawSql": sql,
        "format": form,
    }


def annotation(name: str, query: str, colour: str) -> Json:
    """Return what marks times, or whiles, in a panel: rows of time, timeend, text and tags."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": colour,
        "target": target(bound(query), "table"),
    }


def series(title: str, description: str, query: str, *, stacked: bool = False, **more: Any) -> Json:
    """Return lines over time; gaps stay gaps."""
    custom: Json = {
        "lineWidth": 1,
        "fillOpacity": 25 if stacked else 5,
        "spanNulls": False,
        "showPoints": "auto",
    }
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    options = {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    custom |= more.pop("custom", {})
    return panel("timeseries", title, description, query, custom=custom, options=options, **more)


def figures(title: str, description: str, query: str, **more: Any) -> Json:
    """Return one or more big numbers."""
    options = {
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "value_and_name",
        "orientation": "auto",
    }
    return panel("stat", title, description, query, options=options, **more)


def table(title: str, description: str, query: str, **more: Any) -> Json:
    """Return rows."""
    options = {"showHeader": True, "cellHeight": "sm"}
    return panel("table", title, description, query, options=options, **{"unit": "none", **more})
