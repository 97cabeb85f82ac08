"""Builders for the few kinds of panels that the dashboards use, as Grafana's JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from tools.grafana.colours import LIMIT
from tools.grafana.sql import bound

Json = dict[str, Any]
TIME: Json = {"unit": "dateTimeAsIso"}

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


def named(name: str, label: str, colour: str | None = None, **properties: Any) -> Json:
    """Return what is special of one column: its words, its colour, and Grafana's properties with __ for a dot."""
    if colour:
        properties["color"] = {"mode": "fixed", "fixedColor": colour}
    properties["displayName"] = label
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def limit(colour: str = LIMIT) -> Json:
    """Return the dashed line of a limit."""
    return named("threshold", "Limit", colour, custom__lineStyle={"fill": "dash", "dash": [8, 6]})


def steps(colours: Sequence[str], limits: Sequence[float]) -> Json:
    """Return thresholds: the first colour below the first limit, and so on."""
    values: list[float | None] = [None, *limits]
    return {
        "mode": "absolute",
        "steps": [{"color": colour, "value": value} for colour, value in zip(colours, values, strict=True)],
    }


def value_colours(colours: Mapping[Any, str]) -> list[Json]:
    """Return a mapping that shows each text in its colour."""
    options = {
        str(text): {"color": colour, "index": index, "text": str(text)}
        for index, (text, colour) in enumerate(colours.items())
    }
    return [{"type": "value", "options": options}]
